import type { Readable } from "node:stream";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { sources } from "@slipstream/contract/operations/deployments.ts";
import { changedTree, expectTree, type SourceChange, type SourceManifest, sourceDigest } from "@slipstream/contract/source.ts";
import { unpackContents } from "@slipstream/contract/source-pack.ts";
import type { Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { checkSize } from "./source.ts";
import { noteSource, type SourceStore } from "./source-store.ts";

/** A tree. Throws `source_missing` where the tenant has no such base (any more), and `source_unsafe`. */
const wholeOf = (store: SourceStore, tenant: string, { base, entries, removed = [] }: SourceChange): SourceManifest => {
  if (base === undefined) {
    expectTree(entries);
    return { entries };
  }
  const before = store.manifest(tenant, base);
  if (!before) throw new SlipError("source_missing", `There is no source ${base} any more.`, { next: "Name the source by its whole manifest." });
  return changedTree(before, { entries, removed });
};

const readUpTo = async (body: Readable, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new SlipError("too_large", `The contents have more than ${maxBytes} bytes.`, { next: "Send them in several bodies." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const sourceOperations = ({ database }: Control, store: SourceStore): Pick<Handlers, keyof typeof sources> => ({
  async "sources.check"(change, call) {
    const manifest = wholeOf(store, call.tenant, change);
    const size = checkSize(manifest);
    const digest = sourceDigest(manifest);
    const missing = await store.check(call.tenant, digest, manifest, change);
    await noteSource(database, call.tenant, { digest, ...size });
    return { source: digest, missing };
  },

  async "sources.upload"({ sha256 }, call) {
    return { sizeBytes: await store.upload(call.tenant, sha256, call.body) };
  },

  async "sources.uploadMany"(_, call) {
    const contents = unpackContents(await readUpTo(call.body, limit("sourcePackBytes")));
    await store.uploadMany(call.tenant, contents);
    return { contents: contents.length, sizeBytes: contents.reduce((sum, { length }) => sum + length, 0) };
  },
});
