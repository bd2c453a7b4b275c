// Writes one file out of a tar stream.
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Writes the stream to a new file; fails when something is there already. */
export const writeEntry = async (path: string, content: Readable, mode: number): Promise<void> => {
  const file = await open(path, "wx", mode);
  try {
    for await (const chunk of content) await file.write(chunk as Buffer);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
};
