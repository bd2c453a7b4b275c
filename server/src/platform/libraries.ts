// Which libraries programs of this machine load.
import { existsSync } from "node:fs";
import { execOrThrow } from "./exec.ts";

const loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"] as const;

/** ldd asks the loader too, by a shell and four processes for each program. The loader starts nothing of the program. */
const script = `loader=$1; shift
if [ -e "$loader" ]; then for program; do "$loader" --list "$program" 2>/dev/null || :; done; else ldd "$@" 2>/dev/null || :; fi`;

/** Absolute paths of the libraries that programs load, the loader among them. A static program or a script has none. */
export const librariesOf = async (programs: readonly string[]): Promise<string[]> => {
  const loader = loaders.find((path) => existsSync(path)) ?? "";
  const found = new Set<string>();
  const text = await execOrThrow(["/bin/sh", "-c", script, "sh", loader, ...programs]);
  for (const [, linked, direct] of text.matchAll(/^\t(?:\S+ => (\/\S+)|(\/\S+)) \(0x/gm)) found.add(linked ?? direct ?? "");
  return [...found].filter((path) => path !== "").sort((a, b) => (a < b ? -1 : 1));
};
