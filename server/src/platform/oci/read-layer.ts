// Reads a layer's blob, entry by entry, and gives the digest of what was read: whoever used an entry knows at the end whether it was right.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type Extract, extract, type Header } from "tar-stream";

export interface LayerEntry {
  header: Header;
  content: AsyncIterable<Buffer>;
}

const drained = (tar: Extract): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      tar.off("drain", done);
      tar.off("close", done);
      resolve();
    };
    tar.on("drain", done);
    tar.on("close", done);
  });

/** Feeds a file to a tar parser, and gives the digest of what it fed. */
const feed = async (source: string, tar: Extract): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(source, { highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
    if (!tar.write(chunk)) await drained(tar);
  }
  tar.end(undefined);
  return `sha256:${hash.digest("hex")}`;
};

/** Gives each entry to `use`, which need not read its content. Rejects for what is no tar, and with what `use` throws. */
export const readLayer = async (source: string, use: (entry: LayerEntry) => Promise<void>): Promise<string> => {
  const tar = extract();
  const feeding = feed(source, tar);
  const using = (async () => {
    for await (const entry of tar) {
      await use({ header: entry.header, content: entry as AsyncIterable<Buffer> });
      entry.resume();
    }
  })();
  const [digest] = await Promise.all([feeding, using]);
  return digest;
};
