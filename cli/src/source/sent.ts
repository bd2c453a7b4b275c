// Remembers the manifest that was sent of a folder last, so that the next one is named by what differs.
import { SourceManifest } from "@slipstream/contract/source.ts";
import { Digest } from "@slipstream/contract/words.ts";
import { readCache, writeCache } from "./cache-file.ts";

/** A manifest with its digest. */
const Sent = SourceManifest.extend({ source: Digest });
type Sent = SourceManifest & { source: Digest };

/** What was sent of `root` last, by the cache in `folder`. */
export const sentBefore = (folder: string, root: string): Sent | undefined => Sent.safeParse(readCache(folder, "sent", root)).data;

export const rememberSent = (folder: string, root: string, sent: Sent): void => writeCache(folder, "sent", root, sent);
