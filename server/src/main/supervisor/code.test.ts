import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Home, homeAt } from "#platform/home.ts";
import { ensureCode, inCode, removeOtherCode } from "./code.ts";

let folder = "";
let source = "";
let home: Home;
const files = ["package.json", "package-lock.json", "contract/src/a.ts", "server/src/b.ts", "node_modules/thing/index.js"];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-code-"));
  source = join(folder, "checkout");
  home = homeAt(join(folder, "home"));
  mkdirSync(home.root);
  for (const path of ["contract/src", "server/src", "node_modules/thing"]) mkdirSync(join(source, path), { recursive: true });
  for (const path of files) writeFileSync(join(source, path), path);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the copy has the code and its packages, and keeps them when the checkout is gone", async () => {
  const code = await ensureCode(home, source);
  rmSync(source, { recursive: true });
  for (const path of files) assert.equal(readFileSync(join(code, path), "utf8"), path);
});

test("the same code is copied once, changed code anew; the packages take no room", async () => {
  const first = await ensureCode(home, source);
  assert.equal(await ensureCode(home, source), first);
  const packages = "node_modules/thing/index.js";
  assert.equal(statSync(join(first, packages)).ino, statSync(join(source, packages)).ino);
  writeFileSync(join(source, "server/src/b.ts"), "changed text");
  const second = await ensureCode(home, source);
  assert.notEqual(second, first);
  assert.equal(readFileSync(join(first, "server/src/b.ts"), "utf8"), "server/src/b.ts");
  removeOtherCode(home, second);
  assert.deepEqual(readdirSync(home.code), [second.slice(home.code.length + 1)]);
});

test("two that copy at the same time agree", async () => {
  const [first, second] = await Promise.all([ensureCode(home, source), ensureCode(home, source)]);
  assert.equal(first, second);
  assert.equal(readdirSync(home.code).length, 1);
});

test("what tools keep beside the packages is not copied, but what Node made of the code is", async () => {
  for (const name of ["slipstream", "another-tool"]) {
    mkdirSync(join(source, "node_modules/.cache", name), { recursive: true });
    writeFileSync(join(source, "node_modules/.cache", name, "kept"), name);
  }
  const code = await ensureCode(home, source);
  assert.deepEqual(readdirSync(join(code, "node_modules")), [".cache", "thing"]);
  assert.deepEqual(readdirSync(join(code, "node_modules/.cache")), ["slipstream"]);
  assert.equal(readFileSync(join(code, "node_modules/.cache/slipstream/kept"), "utf8"), "slipstream");
});

test("what runs from a copy stays there", async () => {
  const code = await ensureCode(home, source);
  assert.equal(await ensureCode(home, code), code);
});

test("without packages that can be linked the checkout itself runs", async () => {
  rmSync(join(source, "node_modules"), { recursive: true });
  assert.equal(await ensureCode(home, source), source);
  assert.deepEqual(readdirSync(home.code), []);
});

test("a program of the checkout is found in the copy, another stays where it is", () => {
  assert.equal(inCode("/srv/slip/code/1", "/checkout", "/checkout/node_modules/node"), "/srv/slip/code/1/node_modules/node");
  assert.equal(inCode("/srv/slip/code/1", "/checkout", "/usr/bin/node"), "/usr/bin/node");
});
