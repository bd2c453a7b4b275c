// Who may read the files of a log: root or the process that writes them, and one group.
import { chown, type FileHandle, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes a folder and what is missing above it, for our group. */
export const makeFolder = async (path: string, group: number | undefined): Promise<void> => {
  const first = await mkdir(path, { recursive: true, mode: 0o750 });
  if (first === undefined || group === undefined || process.getuid?.() !== 0) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chown(made, 0, group);
};

/** The mode is set whatever the umask is. */
export const giveToGroup = async (file: FileHandle, group: number | undefined): Promise<void> => {
  await file.chmod(0o640);
  if (group !== undefined && process.getuid?.() === 0) await file.chown(0, group);
};
