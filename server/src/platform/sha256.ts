import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** SHA-256 of a file's content in hexadecimal, read piece by piece. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
};
