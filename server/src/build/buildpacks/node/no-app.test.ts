import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";
import { withPackages } from "./no-start.ts";

const tree = (file: object) => memoryTree({ "package.json": JSON.stringify(file) });
const refusal = (file: object): string => {
  try {
    planOf(tree(file), {});
  } catch (error) {
    if (error instanceof SlipError) return `${error.code} ${error.details.cause}`;
    throw error;
  }
  return "nothing";
};

test("a program for another device is refused before it is installed", () => {
  const electron = {
    main: "out/main/index.js",
    scripts: { start: "electron-vite preview", build: "electron-vite build" },
    devDependencies: { electron: "39", vite: "7" },
  };
  assert.match(refusal(electron), /^no_start_command .*Electron/);
  assert.match(refusal({ scripts: { start: "react-native start" } }), /^no_start_command .*telephones/);
  assert.deepEqual(planOf(tree(electron), { build: { output: "dist/web" } }).output, ["dist/web"]);
});

test("a package that is no app is called what it is", () => {
  assert.match(refusal({ bin: { tool: "cli.js" } }), /^no_start_command .*command line/);
  assert.match(refusal({ exports: "./lib.js" }), /^no_start_command .*library/);
  assert.match(refusal({ name: "unfinished" }), /^no_start_command undefined/);
});

test("so is one whose build makes no site", () => {
  const told = (file: object): unknown => withPackages(new SlipError("output_missing", "none"), tree(file), {});
  const found = told({ bin: "dist/cli.js", scripts: { build: "tsc" } });
  assert.ok(found instanceof SlipError && /command line/.test(`${found.details.cause}`));
  const other = told({ scripts: { build: "tsc" } });
  assert.ok(other instanceof SlipError && other.details.cause === undefined);
});
