// Node: `node FILE …`, with no options of its own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { plainJavaScript } from "#platform/plain-javascript.ts";
import type { WaitingRuntime } from "../waiting-runtime.ts";

let program: string | undefined;

const isPlain = ([command, file]: readonly string[]): boolean => command === "node" && file !== undefined && !file.startsWith("-");

/** A package may bring a Node of its own. */
const bringsNode = (layer: string): boolean => existsSync(join(layer, "app/node_modules/.bin/node"));

export const node: WaitingRuntime = {
  early: /^$/,
  unfit: /^(?:NODE_(?!ENV$)|UV_|ICU_)/,
  commandFor: ({ args }, { app }) => (isPlain(args) && !app.some(bringsNode) ? "node" : undefined),
  told: (of) => of,
  file: "wait.mjs",
  text() {
    program ??= plainJavaScript(join(import.meta.dirname, "wait.ts"));
    return program;
  },
};
