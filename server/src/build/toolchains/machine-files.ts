// Copies programs of this machine.
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Layers always have /bin, /sbin, /lib and /lib64 as links into /usr. */
export const inUsr = (path: string): string => path.replace(/^\/(bin|sbin|lib|lib32|lib64)\//, "/usr/$1/");

/** Copies what is at `source`, links resolved, to the same place below `root` (moved into /usr), unless something is there. */
export const copyMachineFile = async (source: string, root: string, destination = inUsr(source)): Promise<void> => {
  const path = join(root, destination);
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const real = await realpath(source);
  await copyFile(real, path);
  await chmod(path, 0o755);
};
