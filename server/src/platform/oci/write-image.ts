// Layers and a command become an image: config, manifest and a name in the layout's index.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Home } from "#platform/home.ts";
import { commitBlobs, type SealedBlob, sealBytes } from "./blob-file.ts";
import type { Image } from "./image.ts";
import { nameInIndex } from "./index-file.ts";
import { type Descriptor, mediaTypes } from "./layout.ts";

/** A layer of an image: in the layout already, or sealed and to be committed with the image. */
export type ImageLayer = { stored: Descriptor } | { sealed: SealedBlob };

export interface ImageDraft {
  layers: readonly ImageLayer[];
  config: Image["config"];
  labels: Readonly<Record<string, string>>;
  maxBytes: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export const descriptorOf = (layer: ImageLayer): Descriptor => ("stored" in layer ? layer.stored : layer.sealed.descriptor);

const sorted = (record: Readonly<Record<string, string>>): [string, string][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** Keys are written in one order and nothing in it tells of the time, so the same image has the same digest. */
const configOf = ({ config, labels }: ImageDraft, layers: readonly Descriptor[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture: architectures[process.arch] ?? process.arch,
      os: "linux",
      config: {
        User: "1000:1000",
        ExposedPorts: { [`${config.port}/tcp`]: {} },
        Env: sorted(config.env).map(([key, value]) => `${key}=${value}`),
        Cmd: config.args,
        WorkingDir: config.cwd,
        Labels: Object.fromEntries(sorted(labels)),
      },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
    }),
  );

/** Writes the image; when it resolves everything of it is durable. Gives the manifest's digest and the size of all layers in bytes. */
export const writeImage = async (home: Home, draft: ImageDraft): Promise<{ digest: string; sizeBytes: number }> => {
  const layers = draft.layers.map(descriptorOf);
  const sizeBytes = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (sizeBytes > draft.maxBytes) throw new SlipError("image_too_large", `The artifact has ${sizeBytes} bytes; the limit is ${draft.maxBytes}.`);
  const config = await sealBytes(home, mediaTypes.config, configOf(draft, layers));
  const body = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: config.descriptor, layers };
  const manifest = await sealBytes(home, mediaTypes.manifest, Buffer.from(JSON.stringify(body)));
  const sealed = draft.layers.flatMap((layer) => ("sealed" in layer ? [layer.sealed] : []));
  await commitBlobs(home, [...sealed, config, manifest]);
  nameInIndex(home, manifest.descriptor);
  return { digest: manifest.descriptor.digest, sizeBytes };
};
