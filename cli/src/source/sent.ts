// Remembers the manifest that was sent of a folder last, so that the next one is named by what differs.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SourceManifest } from "@slipstream/contract/source.ts";
import { Digest } from "@slipstream/contract/words.ts";

/** A manifest with its digest. */
const Sent = SourceManifest.extend({ source: Digest });
type Sent = SourceManifest & { source: Digest };

const pathOf = (folder: string, root: string): string => join(folder, "sent", `${createHash("sha256").update(root).digest("hex").slice(0, 32)}.json`);

/** What was sent of `root` last, by the cache in `folder`. */
export const sentBefore = (folder: string, root: string): Sent | undefined => {
  try {
    return Sent.safeParse(JSON.parse(readFileSync(pathOf(folder, root), "utf8"))).data;
  } catch {
    return undefined;
  }
};

/** Never fails: a cache that cannot be written is none. */
export const rememberSent = (folder: string, root: string, sent: Sent): void => {
  const path = pathOf(folder, root);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(sent), { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // The next deployment names all of it.
  }
};
