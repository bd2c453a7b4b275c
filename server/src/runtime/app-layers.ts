// Which layers of an artifact hold its app: those that have nothing else.
import { readdirSync } from "node:fs";

/** Where every artifact of ours has its app, and where it is started. */
export const appFolder = "/app";

/** `layer`: its unpacked folder. */
export const isOfApp = (layer: string): boolean => readdirSync(layer).every((name) => `/${name}` === appFolder);
