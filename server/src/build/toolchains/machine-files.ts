// Copies programs of this machine with the libraries that they load.
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execOrThrow } from "#platform/exec.ts";

/** Layers always have /bin, /sbin, /lib and /lib64 as links into /usr. */
export const inUsr = (path: string): string => path.replace(/^\/(bin|sbin|lib|lib32|lib64)\//, "/usr/$1/");

/** Absolute paths of the libraries that programs load, the loader among them. A static program has none. */
export const librariesOf = async (programs: readonly string[]): Promise<string[]> => {
  const found = new Set<string>();
  // ldd ends with 1 when one of its files is a script or static; what it says of the others still holds.
  const text = await execOrThrow(["/bin/sh", "-c", 'ldd "$@" 2>/dev/null || :', "ldd", ...programs]);
  for (const [, linked, direct] of text.matchAll(/^\t(?:\S+ => (\/\S+)|(\/\S+)) \(0x/gm)) found.add(linked ?? direct ?? "");
  return [...found].filter((path) => path !== "").sort((a, b) => (a < b ? -1 : 1));
};

/** Copies what is at `source`, links resolved, to the same place below `root` (moved into /usr), unless something is there. */
export const copyMachineFile = async (source: string, root: string, destination = inUsr(source)): Promise<void> => {
  const path = join(root, destination);
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const real = await realpath(source);
  await copyFile(real, path);
  await chmod(path, 0o755);
};
