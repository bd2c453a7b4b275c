// What a hostile build can leave in the place of a function.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { modulesOf, sharedFunctionIn } from "./bundle.ts";

const description = (file: string): string =>
  JSON.stringify({
    compatibilityDate: "2026-11-01",
    compatibilityFlags: [],
    modules: [{ name: "function", kind: "esModule", file }],
    process: "shared",
  });

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-bundle-"));
  writeFileSync(join(folder, "function.mjs"), "the machine's own");
  writeFileSync(join(folder, "bundle.json"), description("function.mjs"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const layer = (name: string): { top: string; app: string } => {
  const top = join(folder, name);
  const app = join(top, "app");
  mkdirSync(app, { recursive: true });
  return { top, app };
};

test("its files are read", () => {
  const { top, app } = layer("whole");
  writeFileSync(join(app, "bundle.json"), description("function.mjs"));
  writeFileSync(join(app, "function.mjs"), "its own");
  const stored = sharedFunctionIn(["/below", top]);
  assert.ok(stored);
  assert.deepEqual(modulesOf(stored), [{ name: "function", kind: "esModule", content: "its own" }]);
});

test("no link is followed out of the layer, wherever it stands", () => {
  const module = layer("module");
  writeFileSync(join(module.app, "bundle.json"), description("function.mjs"));
  symlinkSync(join(folder, "function.mjs"), join(module.app, "function.mjs"));
  assert.equal(sharedFunctionIn([module.top]), undefined);

  const whole = layer("description");
  symlinkSync(join(folder, "bundle.json"), join(whole.app, "bundle.json"));
  writeFileSync(join(whole.app, "function.mjs"), "its own");
  assert.equal(sharedFunctionIn([whole.top]), undefined);

  const top = join(folder, "app-folder");
  mkdirSync(top);
  symlinkSync(folder, join(top, "app"));
  assert.equal(sharedFunctionIn([top]), undefined);
});

test("a module that became a link after it was looked at is not read", () => {
  const { top, app } = layer("later");
  writeFileSync(join(app, "bundle.json"), description("function.mjs"));
  writeFileSync(join(app, "function.mjs"), "its own");
  const stored = sharedFunctionIn([top]);
  assert.ok(stored);
  rmSync(join(app, "function.mjs"));
  symlinkSync(join(folder, "function.mjs"), join(app, "function.mjs"));
  assert.throws(() => modulesOf(stored), { code: "ELOOP" });
});

test("a file of that name in another app is no function", () => {
  for (const [name, text] of Object.entries({ text: "no JSON", other: '{"bundle":true}', folder: undefined, large: description("a.mjs").padEnd(2 ** 21) })) {
    const { top, app } = layer(name);
    if (text === undefined) mkdirSync(join(app, "bundle.json"));
    else writeFileSync(join(app, "bundle.json"), text);
    assert.equal(sharedFunctionIn([top]), undefined, name);
  }
});
