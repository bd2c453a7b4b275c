// The bundler of functions: main.mjs SETTINGS (JSON).
import { bundle } from "./bundle.ts";
import type { Settings } from "./config.ts";

const settings: Settings = JSON.parse(process.argv[2] ?? "{}");
process.exitCode = await bundle(settings);
