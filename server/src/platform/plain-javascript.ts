// Programs of our own that run in sandboxes, where Node is to start at once: without their types.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** A module as plain JavaScript, whose imports of its neighbours name plain JavaScript (.mjs) too. */
export const plainJavaScript = (path: string): string => stripTypeScriptTypes(readFileSync(path, "utf8")).replace(/from "(\.\/[\w-]+)\.ts"/g, 'from "$1.mjs"');
