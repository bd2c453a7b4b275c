import assert from "node:assert/strict";
import { chmodSync, constants, copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { cleanEnv, exec } from "#platform/exec.ts";
import { compiledEnvironment, ensureCompiled } from "./compiled.ts";

const nobody = 65_534;
let code = "";
const inCode = (path: string): string => join(code, path);

/** Ours may lie where nobody else may look. */
const folderOfNode = mkdtempSync(join(tmpdir(), "slip-node-"));
const node = join(folderOfNode, "node");
before(() => {
  chmodSync(folderOfNode, 0o755);
  copyFileSync(process.execPath, node, constants.COPYFILE_FICLONE);
});
after(() => rmSync(folderOfNode, { recursive: true }));

beforeEach(() => {
  code = mkdtempSync("/tmp/slip-compiled-");
  for (const path of ["contract/src", "server/src/main", "node_modules"]) mkdirSync(inCode(path), { recursive: true });
  cpSync(resolve(import.meta.dirname, "../compile.ts"), inCode("server/src/main/compile.ts"));
  writeFileSync(inCode("package.json"), '{"type":"module"}');
  writeFileSync(inCode("package-lock.json"), "{}");
  writeFileSync(inCode("contract/src/word.ts"), "export const word: string = 'one';");
  writeFileSync(inCode("server/src/main/edge.ts"), "import { word } from '../../../contract/src/word.ts';\nif (import.meta.main) console.log(word as string);");
  writeFileSync(inCode("server/src/main/up.ts"), "throw new Error('is not loaded');");
});
afterEach(() => rmSync(code, { recursive: true }));

/** Runs a program of the code as one who may not write there; gives what it says, and what Node says of its cache. */
const runAsNobody = async (folder: string) => {
  await exec(["chmod", "755", folder]);
  const env = { ...cleanEnv, ...compiledEnvironment(folder), NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
  const { stdout, stderr } = await exec([node, join(folder, "server/src/main/edge.ts")], { env, uid: nobody, gid: nobody });
  const read = (name: string): boolean => new RegExp(`StrippedTypeScript \\S*/${name}\\.\\.\\.\\[.*\\]\\.\\.\\. success`).test(stdout + stderr);
  return {
    said: stdout
      .split("\n")
      .filter((line) => !line.startsWith("[compile cache]"))
      .join(""),
    read,
  };
};

test("a process of another user reads what root compiled, in a copy of the code too", async () => {
  await ensureCompiled(code, process.execPath);
  const copy = mkdtempSync(join(tmpdir(), "slip-copied-"));
  cpSync(code, copy, { recursive: true, preserveTimestamps: true });
  for (const folder of [code, copy]) {
    const { said, read } = await runAsNobody(folder);
    assert.equal(said, "one");
    assert.ok(read("edge.ts") && read("word.ts"), folder);
  }
  rmSync(copy, { recursive: true });
});

test("what has changed is compiled anew, and until then is not taken from the cache", async () => {
  await ensureCompiled(code, process.execPath);
  writeFileSync(inCode("contract/src/word.ts"), "export const word: string = 'another';");
  const before = await runAsNobody(code);
  assert.equal(before.said, "another");
  assert.ok(!before.read("word.ts"));
  await ensureCompiled(code, process.execPath);
  const after = await runAsNobody(code);
  assert.equal(after.said, "another");
  assert.ok(after.read("word.ts"));
});

test("what does something when it is loaded does it to no installation", async () => {
  writeFileSync(
    inCode("contract/src/word.ts"),
    `import { writeFileSync } from "node:fs"; writeFileSync("${inCode("home")}", process.env.SLIP_HOME ?? "the usual one");`,
  );
  await ensureCompiled(code, process.execPath);
  assert.equal(readFileSync(inCode("home"), "utf8"), "/dev/null/slipstream");
});

test("it is done once for the same code", async () => {
  await ensureCompiled(code, process.execPath);
  const folder = inCode("node_modules/.cache/slipstream");
  rmSync(join(folder, readdirSync(folder).find((name) => name !== "state") ?? ""), { recursive: true });
  await ensureCompiled(code, process.execPath);
  assert.deepEqual(readdirSync(folder), ["state"]);
});

test("where nothing can be written the code is left as it is", async () => {
  rmSync(inCode("node_modules"), { recursive: true });
  writeFileSync(inCode("node_modules"), "");
  await ensureCompiled(code, process.execPath);
  assert.equal(readFileSync(inCode("node_modules"), "utf8"), "");
});
