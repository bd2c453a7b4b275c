// Layers that the platform makes itself. A record says which layer a key has led to; the layer is made once, whoever asks.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import { z } from "zod";
import { moveUnlessThere, writeDurably } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { commitBlobs } from "#platform/oci/blob-file.ts";
import { blobPath, type Descriptor, ensureLayout, layerFolder, temporaryPath } from "#platform/oci/layout.ts";
import { packLayer } from "#platform/oci/pack.ts";
import { unpackIfWhole } from "#platform/oci/unpack.ts";

export interface ProvidedLayer {
  descriptor: Descriptor;
  /** Its unpacked files. */
  folder: string;
}

export const StoredDescriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
export const LayerRecord = z.object({ key: z.string(), layer: StoredDescriptor });

export interface LayerRequest {
  home: Home;
  /** File of the record. */
  record: string;
  key: string;
  /** Makes the files of the layer in an empty folder. */
  make: (folder: string) => Promise<void>;
}

const readRecord = ({ home, record, key }: LayerRequest): Descriptor | undefined => {
  if (!existsSync(record)) return undefined;
  const parsed = LayerRecord.safeParse(JSON.parse(readFileSync(record, "utf8")));
  return parsed.success && parsed.data.key === key && existsSync(blobPath(home, parsed.data.layer.digest)) ? parsed.data.layer : undefined;
};

/** Names the unpacked folder of a committed layer; one that is there already is the same. */
export const keepFolder = async (home: Home, digest: string, folder: string): Promise<string> => {
  const place = layerFolder(home, digest);
  if (!existsSync(place)) await moveUnlessThere(folder, place);
  await rm(folder, { recursive: true, force: true });
  return place;
};

const makeLayer = async ({ home, record, key, make }: LayerRequest): Promise<ProvidedLayer> => {
  ensureLayout(home);
  const folder = temporaryPath(home);
  await mkdir(folder, { mode: 0o755 });
  try {
    await make(folder);
    const sealed = await packLayer(home, folder, { maxBytes: limit("imageBytes") });
    await commitBlobs(home, [sealed]);
    const kept = await keepFolder(home, sealed.descriptor.digest, folder);
    await mkdir(dirname(record), { recursive: true });
    writeDurably(record, JSON.stringify({ key, layer: sealed.descriptor }), 0o644);
    return { descriptor: sealed.descriptor, folder: kept };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const provide = async (request: LayerRequest): Promise<ProvidedLayer> => {
  const { home, record } = request;
  const descriptor = readRecord(request);
  if (!descriptor) return await makeLayer(request);
  const folder = layerFolder(home, descriptor.digest);
  if (!existsSync(folder) && !(await unpackIfWhole(home, descriptor))) return await makeLayer(request);
  // The time of the record says when it was last of use, for the garbage collection.
  const now = new Date();
  await utimes(record, now, now);
  return { descriptor, folder };
};

const underway = new Map<string, Promise<ProvidedLayer>>();

export const provideLayer = (request: LayerRequest): Promise<ProvidedLayer> => {
  const running = underway.get(request.record) ?? provide(request).finally(() => underway.delete(request.record));
  underway.set(request.record, running);
  return running;
};

export const toolchainRecords = (home: Home): string => join(home.cache, "toolchains");
