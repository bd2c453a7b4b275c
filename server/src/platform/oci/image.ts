// An artifact as the runtime needs it: the unpacked folders of its layers, and how to start its program.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { z } from "zod";
import type { Home } from "#platform/home.ts";
import { damaged, isDamaged, removeDamaged } from "./damage.ts";
import { blobPath, type Descriptor, hexOf, layerFolder } from "./layout.ts";
import { unpackLayer } from "./unpack.ts";

export interface Image {
  digest: string;
  /** Unpacked folders, lowest first. */
  layers: string[];
  config: { args: string[]; env: Record<string, string>; cwd: string; port: number };
}

const Blob = z.object({ mediaType: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.number() });
const Manifest = z.object({ config: Blob, layers: z.array(Blob) });
const Config = z.object({
  config: z.object({
    Cmd: z.array(z.string()).default([]),
    Entrypoint: z.array(z.string()).default([]),
    Env: z.array(z.string()).default([]),
    WorkingDir: z.string().default("/"),
    ExposedPorts: z.record(z.string(), z.unknown()).default({}),
  }),
});

/** A small blob that is JSON. Throws `artifact_damaged`. */
const readJsonBlob = (home: Home, digest: string): unknown => {
  if (!existsSync(blobPath(home, digest))) throw damaged(digest);
  const bytes = readFileSync(blobPath(home, digest));
  if (createHash("sha256").update(bytes).digest("hex") !== hexOf(digest)) throw damaged(digest);
  return JSON.parse(bytes.toString());
};

/** The blobs that an image consists of besides its manifest. Throws `not_found` when there is no such image, and `artifact_damaged`. */
export const imageBlobs = (home: Home, digest: string): { config: Descriptor; layers: Descriptor[] } => {
  if (!existsSync(blobPath(home, digest))) throw new SlipError("not_found", `There is no artifact ${digest}.`);
  return Manifest.parse(readJsonBlob(home, digest));
};

const readImageConfig = (home: Home, digest: string): Image["config"] => {
  const { config } = Config.parse(readJsonBlob(home, digest));
  const env = Object.fromEntries(config.Env.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  const exposed = Object.keys(config.ExposedPorts).map((name) => Number.parseInt(name, 10));
  return { args: [...config.Entrypoint, ...config.Cmd], env, cwd: config.WorkingDir || "/", port: exposed[0] ?? Number(env.PORT ?? 3000) };
};

const open = async (home: Home, digest: string): Promise<Image> => {
  const { config, layers } = imageBlobs(home, digest);
  const opened = readImageConfig(home, config.digest);
  for (const layer of layers) if (!existsSync(layerFolder(home, layer.digest))) await unpackLayer(home, layer);
  return { digest, layers: layers.map((layer) => layerFolder(home, layer.digest)), config: opened };
};

/**
 * The artifact `digest`, ready to run: layers that are not unpacked yet are unpacked, and verified, first. Throws `not_found`, and
 * `artifact_damaged`: then the artifact is removed, so that the next deployment of its source builds it anew.
 */
export const openImage = (home: Home, digest: string): Promise<Image> =>
  open(home, digest).catch(async (error: unknown) => {
    if (isDamaged(error)) await removeDamaged(home, digest);
    throw error;
  });
