import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const pieceBytes = 2 ** 20;
/** Buffers up to here come from a pool. */
const leastBytes = 2 ** 10;

/** SHA-256 of a file's content in hexadecimal, read piece by piece. A small file costs a small buffer: there can be many of them. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  await using file = await open(path);
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(Math.min(Math.max(size, leastBytes), pieceBytes));
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
  }
};
