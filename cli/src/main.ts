// The CLI's entry.
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { readEnvironment } from "./environment.ts";

const versionOf = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
  return String((manifest as { version: unknown }).version);
};

/** A reader that went away, such as `head`, is not an error. */
const forgiveClosedPipe = (stream: NodeJS.WriteStream): void => {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
};

const main = async (argv: readonly string[]): Promise<void> => {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) return void process.stdout.write(`${versionOf()}\n`);
  forgiveClosedPipe(process.stdout);
  forgiveClosedPipe(process.stderr);
  const environment = readEnvironment();
  // Without the launcher too, and not in the system's temporary folder, where others could put code for root to run.
  enableCompileCache(join(environment.cacheFolder, "compiled"));
  const { runCli } = await import("./run.ts");
  process.exitCode = await runCli(argv, environment, versionOf());
};

await main(process.argv.slice(2));
