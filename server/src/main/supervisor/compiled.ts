// What Node made of our code, which processes start with: to read TypeScript and to compile it takes longer than all else of their start.
// Only root writes it, and what runs as others reads it; where it is missing, or a module has changed, each process does the work itself.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, execOrThrow } from "#platform/exec.ts";
import { codeKey, compiledFolder } from "./code.ts";

/** What a process of ours is told of it. */
export const compiledEnvironment = (code: string) => ({ NODE_COMPILE_CACHE: compiledFolder(code), NODE_COMPILE_CACHE_PORTABLE: "1" }) as const;

const compileMs = 60_000;

/** Node keeps them for its own user alone. */
const letAllRead = (folder: string): void => {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
};

/** A module that does something when it is loaded, against what it should, does it to no installation. */
const nowhere = "/dev/null/slipstream";

const compile = async (code: string, node: string): Promise<void> => {
  const folders = ["contract", "server"].map((name) => join(code, name, "src"));
  const program = join(code, "server", "src", "main", "compile.ts");
  await execOrThrow([node, program, ...folders], { env: { ...cleanEnv, ...compiledEnvironment(code), SLIP_HOME: nowhere }, timeoutMs: compileMs });
};

/** Compiles what has changed since the last time, once for each state of the code, which `key` names. Does nothing where the packages cannot be written to. */
export const ensureCompiled = async (code: string, node: string, key: string = codeKey(code)): Promise<void> => {
  const folder = compiledFolder(code);
  const state = join(folder, "state");
  if (existsSync(state) && readFileSync(state, "utf8") === key) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    rmSync(state, { force: true });
    await compile(code, node);
    letAllRead(folder);
    writeFileSync(state, key, { mode: 0o644 });
  } catch {
    // Read-only, or full, or cut off: processes do without, and the next start tries again.
  }
};
