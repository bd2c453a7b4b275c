// One build as a story: source → plan → toolchains → dependencies → app layer → image.
import { mkdir } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { BuildPlan, SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import type { BuildResult } from "@slipstream/contract/ports/host.ts";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { requireRoom } from "#platform/disk-room.ts";
import { discardBlobs } from "#platform/oci/blob-file.ts";
import { descriptorOf, type ImageDraft, type ImageLayer, writeImage } from "#platform/oci/write-image.ts";
import { type AppLayer, builtLayer, madeOf } from "./app-layer.ts";
import { planOf } from "./buildpacks/list.ts";
import { withPackages } from "./buildpacks/node/no-start.ts";
import type { BuildContext } from "./context.ts";
import { imageProcess } from "./image-process.ts";
import { dependencyLayer } from "./install.ts";
import { look } from "./look.ts";
import { sourceLayers } from "./source-layer.ts";
import { readManifest } from "./sources/manifest.ts";
import { storedTree } from "./sources/tree.ts";
import { takenEntries } from "./taken-entries.ts";
import { keepFolder, type ProvidedLayer } from "./toolchains/provided-layer.ts";
import { baseLayer, toolchainLayer } from "./toolchains/toolchains.ts";
import { versionAction, versionPlace } from "./toolchains/version-place.ts";

/** Says where the source asks for what could not be had. */
const withPlace = (error: unknown, { name }: Toolchain, tree: SourceTree): unknown => {
  if (!(error instanceof SlipError) || error.code !== "toolchain_unavailable") return error;
  const place = versionPlace(tree, name);
  const action = versionAction(name, place?.file, process.version);
  return new SlipError(error.code, error.message, { ...(action === undefined ? {} : { next: action }), ...error.details, ...place });
};

const provide = async ({ dependencies: { home }, leases }: BuildContext, toolchains: readonly Toolchain[], tree: SourceTree): Promise<ProvidedLayer[]> => {
  const layers = [await baseLayer(home)];
  for (const toolchain of toolchains) {
    const layer = await toolchainLayer(home, toolchain).catch((error: unknown) => Promise.reject(withPlace(error, toolchain, tree)));
    layers.push(layer);
  }
  for (const { descriptor } of layers) leases.take(descriptor.digest);
  return layers;
};

interface Made {
  /** Lowest first. */
  app: readonly AppLayer[];
  dependencies: ProvidedLayer | undefined;
}

const make = async (context: BuildContext, plan: BuildPlan, { entries, tree }: { entries: readonly SourceEntry[]; tree: SourceTree }): Promise<Made> => {
  const { install, before = [], build, bundle } = plan;
  const steps = [...before, build, bundle].filter((step) => step !== undefined);
  if (install === undefined && steps.length === 0) return { app: await sourceLayers(context, plan, entries), dependencies: undefined };
  const tools = await provide(context, plan.tools, tree);
  const dependencies = install === undefined ? undefined : await dependencyLayer(context, { plan: { ...plan, install }, entries, layers: tools });
  const layers = dependencies === undefined ? tools : [...tools, dependencies];
  const app = steps.length === 0 ? await sourceLayers(context, plan, entries) : [await builtLayer(context, { plan, steps, entries, layers })];
  return { app, dependencies: plan.output === undefined ? dependencies : undefined };
};

const draftOf = (plan: BuildPlan, runtime: readonly ProvidedLayer[], made: Made): ImageDraft => ({
  layers: [...runtime, ...(made.dependencies ? [made.dependencies] : [])].map(({ descriptor }): ImageLayer => ({ stored: descriptor })).concat(made.app),
  config: imageProcess(plan.process),
  labels: { "dev.slipstream.buildpack": plan.buildpack },
  maxBytes: limit("imageBytes"),
});

const discard = (layers: readonly AppLayer[]): Promise<void> => discardBlobs(madeOf(layers).map(({ sealed }) => sealed));

const image = async (context: BuildContext, draft: ImageDraft, app: readonly AppLayer[]): Promise<{ digest: string; sizeBytes: number }> => {
  const { home } = context.dependencies;
  for (const layer of app) context.leases.take(descriptorOf(layer).digest);
  try {
    const written = await writeImage(home, draft);
    context.leases.take(written.digest);
    for (const { sealed, folder } of madeOf(app)) if (folder !== undefined) await keepFolder(home, sealed.descriptor.digest, folder);
    return written;
  } finally {
    await discard(app);
  }
};

const bytesOf = ({ entries }: SourceManifest): number => entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);

/** Throws a SlipError for what is wrong with the source; anything else is our defect. */
export const runBuild = async (context: BuildContext): Promise<BuildResult & { outcome: "built" }> => {
  const { dependencies, spec, log } = context;
  const { home } = dependencies;
  const manifest = readManifest(home, spec.tags.tenant, spec.source);
  requireRoom(home, bytesOf(manifest));
  const tree = storedTree(home, spec.tags.tenant, manifest);
  const plan = look(() => planOf(tree, spec.config));
  log.note(`buildpack ${plan.buildpack}: ${plan.runtime.map(({ name, version }) => (version === "default" ? name : `${name} ${version}`)).join(", ")}`);
  for (const note of plan.notes ?? []) log.notice(note);
  await mkdir(home.cache, { recursive: true, mode: 0o755 });
  const runtime = await provide(context, plan.runtime, tree);
  const made = await make(context, plan, { entries: takenEntries(manifest.entries, plan), tree }).catch((error: unknown) =>
    Promise.reject(withPackages(error, tree, spec.config)),
  );
  if (context.signal.aborted) {
    await discard(made.app);
    throw new SlipError("cancelled");
  }
  const { digest, sizeBytes } = await image(context, draftOf(plan, runtime, made), made.app);
  log.note(`artifact ${digest}, ${Math.ceil(sizeBytes / 2 ** 20)} MB`);
  return { outcome: "built", artifact: digest, buildpack: plan.buildpack, sizeBytes, steps: context.steps, notes: log.notices() };
};
