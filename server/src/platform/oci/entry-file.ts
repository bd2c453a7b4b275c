// Writes one file out of a tar stream.
import { open } from "node:fs/promises";

/** Writes the stream to a new file; fails when something is there already. */
export const writeEntry = async (path: string, content: AsyncIterable<Buffer>, mode: number): Promise<void> => {
  const file = await open(path, "wx", mode);
  try {
    for await (const chunk of content) await file.write(chunk);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
};
