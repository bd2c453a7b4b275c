// Which layers of an artifact hold its app: those that have nothing else.
import { readdirSync } from "node:fs";

/** Where every artifact of ours has its app, and where it is started. */
export const appFolder = "/app";

/** `layer`: its unpacked folder. A link in the place of the app is followed by nobody: it would lead to a folder of the machine. */
export const isOfApp = (layer: string): boolean =>
  readdirSync(layer, { withFileTypes: true }).every((entry) => `/${entry.name}` === appFolder && entry.isDirectory());
