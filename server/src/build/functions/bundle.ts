// Makes one module of a function and all that it imports, and says to workerd what there is. A program of the build step.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { type BuildOptions, build, formatMessages, type Message, type Plugin } from "esbuild";
import { bundleConfig, bundleDescription, type Settings } from "./config.ts";

/** Of the function: the top of the source, or of a workspace the folder of its package. */
const folder = process.cwd();
const outputFolder = join(folder, ".slipstream/function");
const adapter = join(import.meta.dirname, "adapter.mjs");

/** What workerd has itself: modules of Node, under their whole names, and its own. */
const runtimeModules: Plugin = {
  name: "modules of the runtime",
  setup({ onResolve, onLoad }) {
    const names = builtinModules.filter((name) => !name.startsWith("_")).map((name) => name.replace(/^node:/, ""));
    onResolve({ filter: new RegExp(`^(?:node:.*|(?:${names.join("|")}))$`) }, ({ path, kind }) => {
      const name = path.startsWith("node:") ? path : `node:${path}`;
      return kind === "require-call" ? { path: name, namespace: "required" } : { path: name, external: true };
    });
    // A module has no require(): what is asked for so is imported before.
    onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({ contents: `import value from ${JSON.stringify(path)};\nmodule.exports = value;` }));
  },
};

/** Compiled modules and data lie beside the bundle, as modules of their own. "x.wasm?module" is how some say the same. */
const compiledModules: Plugin = {
  name: "compiled modules",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir, kind }) => resolve(path.replace(/\?module$/, ""), { resolveDir, kind }));
  },
};

const options = (settings: Settings): BuildOptions => ({
  absWorkingDir: folder,
  entryPoints: { function: adapter },
  outdir: outputFolder,
  outExtension: { ".js": ".mjs" },
  assetNames: "[hash]",
  bundle: true,
  format: "esm",
  target: "es2024",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  // The name by which the adapter imports the source's own entry. What a plugin finds has no tsconfig.json, which says how JSX is meant.
  alias: { "slip:entry": join(folder, settings.entry) },
  external: ["cloudflare:*", "workerd:*"],
  define: { functionStyle: JSON.stringify(settings.style), isScheduled: String(settings.scheduledPort !== undefined), "process.env.NODE_ENV": '"production"' },
  loader: { ".wasm": "copy", ".bin": "copy", ".txt": "text", ".html": "text", ".sql": "text", ".md": "text" },
  logLevel: "silent",
  plugins: [runtimeModules, compiledModules],
});

/** The adapter is nothing that people know: what is wrong with its import is wrong with the entry. */
const placed = (message: Message, entry: string): Message =>
  message.location && adapter.endsWith(message.location.file.replace(/^(\.\.\/)+/, ""))
    ? { ...message, location: { ...message.location, file: entry, line: 1, column: 0, length: 0, lineText: "" } }
    : message;

const say = async (messages: readonly Message[], kind: "error" | "warning"): Promise<void> => {
  for (const text of await formatMessages([...messages], { kind, color: false })) console.error(text.trimEnd());
};

/** Whether what esbuild has thrown is about the source. */
const isFailure = (error: unknown): error is { errors: Message[]; warnings: Message[] } => error instanceof Error && "errors" in error && "warnings" in error;

/** Gives the exit code. */
export const bundle = async (settings: Settings): Promise<number> => {
  try {
    const { outputFiles, warnings } = await build({ ...options(settings), write: false });
    await say(warnings, "warning");
    rmSync(outputFolder, { recursive: true, force: true });
    mkdirSync(outputFolder, { recursive: true });
    for (const { path, contents } of outputFiles) writeFileSync(path, contents);
    const files = outputFiles.map(({ path }) => path.slice(outputFolder.length + 1));
    writeFileSync(join(outputFolder, "bundle.capnp"), bundleConfig(settings, files));
    writeFileSync(join(outputFolder, "bundle.json"), JSON.stringify(bundleDescription(settings, files)));
    return 0;
  } catch (error) {
    if (!isFailure(error)) throw error;
    await say(error.warnings, "warning");
    await say(
      error.errors.map((message) => placed(message, settings.entry)),
      "error",
    );
    return 1;
  }
};
