// The install step: its result is a layer, named by everything that decides it, and used again while that is the same.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { lchown, lstat, mkdir, readdir, realpath, rmdir, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildPlan, InstallStep } from "@slipstream/contract/ports/buildpack.ts";
import type { SourceEntry } from "@slipstream/contract/source.ts";
import { removeTree, writeDurably } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { commitBlobs } from "#platform/oci/blob-file.ts";
import { blobPath, type Descriptor, layerFolder } from "#platform/oci/layout.ts";
import { unpackIfWhole } from "#platform/oci/unpack.ts";
import type { BuildContext } from "./context.ts";
import { packWithRoom } from "./pack-with-room.ts";
import { inParallel } from "./parallel.ts";
import { secretCheck } from "./secret-check.ts";
import { materialise } from "./sources/materialise.ts";
import { runStep } from "./step.ts";
import { keepFolder, LayerRecord, type ProvidedLayer } from "./toolchains/provided-layer.ts";
import { prepareOverlay } from "./workspace.ts";

const formatVersion = 1;

export const dependencyRecords = (home: Home): string => join(home.cache, "dependencies");

export interface InstallRequest {
  plan: BuildPlan & { install: InstallStep };
  entries: readonly SourceEntry[];
  /** Base and toolchains, lowest first. */
  layers: readonly ProvidedLayer[];
}

const inputEntries = ({ inputs }: InstallStep, entries: readonly SourceEntry[]): SourceEntry[] => {
  if (inputs === "all") return [...entries];
  const chosen = new Set(inputs);
  return entries.filter(({ path }) => chosen.has(path));
};

/** Per app: what one has installed with its own downloads at hand is nothing for another. Values of secrets are left out: a new token does not change what is installed, and no digest of one is kept. */
const keyOf = ({ spec }: BuildContext, { plan, layers }: InstallRequest, inputs: readonly SourceEntry[]): string => {
  const { command, env, folder } = plan.install;
  const parts = [
    formatVersion,
    spec.tags.tenant,
    spec.tags.project,
    spec.tags.app,
    layers.map((layer) => layer.descriptor.digest),
    // Left out where there is none: it was not in what was made before there were any.
    ...(folder === undefined ? [] : [folder]),
    command,
    env,
    spec.config.build?.env ?? {},
    Object.keys(spec.secrets),
    inputs,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
};

const recordPath = ({ dependencies: { home }, spec }: BuildContext, key: string): string => join(dependencyRecords(home), spec.tags.tenant, `${key}.json`);

const known = async (context: BuildContext, key: string): Promise<Descriptor | undefined> => {
  const { home } = context.dependencies;
  const path = recordPath(context, key);
  if (!existsSync(path)) return undefined;
  const parsed = LayerRecord.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!parsed.success || !existsSync(blobPath(home, parsed.data.layer.digest))) return undefined;
  const now = new Date();
  await utimes(path, now, now);
  return parsed.data.layer;
};

/** Unpacked; a damaged one is no longer known. */
const usable = async (context: BuildContext, key: string): Promise<Descriptor | undefined> => {
  const { home } = context.dependencies;
  const found = await known(context, key);
  if (found === undefined || existsSync(layerFolder(home, found.digest))) return found;
  return (await unpackIfWhole(home, found)) ? found : undefined;
};

/** Whether a folder is where its path says: a program of the install may have put links on the way. */
const isReal = async (folder: string): Promise<boolean> => (await realpath(folder).catch(() => "")) === folder;

const removeIfEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    () => false,
  );

/** Takes what the step was given out of what it made, and the folders that are empty then. */
const removeInputs = async (app: string, inputs: readonly SourceEntry[]): Promise<void> => {
  const root = await realpath(app);
  for (const { path } of inputs) {
    let folder = dirname(join(root, path));
    if (!(await isReal(folder))) continue;
    await removeTree(join(root, path));
    while (folder !== root && (await removeIfEmpty(folder))) folder = dirname(folder);
  }
};

const makeLayer = async (context: BuildContext, request: InstallRequest, inputs: readonly SourceEntry[]): Promise<Descriptor> => {
  const { dependencies, spec, workspace } = context;
  const { home, uids } = dependencies;
  const app = await prepareOverlay(workspace.install, uids.app);
  await materialise(inputs, { home, tenant: spec.tags.tenant, folder: app, owner: uids.app });
  await runStep(context, { step: request.plan.install, layers: request.layers.map((layer) => layer.folder), overlay: workspace.install });
  await removeInputs(app, inputs);
  const folder = await onlyApp(workspace.install.upper);
  const sealed = await packWithRoom(home, folder, { without: isLeftOver, contents: secretCheck(spec.secrets, spec.tags.app) });
  context.leases.take(sealed.descriptor.digest);
  await commitBlobs(home, [sealed]);
  await keepFolder(home, sealed.descriptor.digest, folder);
  return sealed.descriptor;
};

/** What tools leave for their next run has no place in an artifact. */
export const isLeftOver = (name: string): boolean =>
  /(^|\/)node_modules\/\.(cache|vite|vite-temp)$|^app\/\.next\/cache$|(^|\/)__pycache__\/.*\.tmp$/.test(name);

/** Programs of a build may only write in /app; what the sandbox itself made elsewhere is not theirs. */
export const onlyApp = async (upper: string): Promise<string> => {
  for (const name of await readdir(upper)) if (name !== "app") await removeTree(join(upper, name));
  return upper;
};

/** A layer that was unpacked from its blob is ours; a build step may write where the one that installed it could. */
const giveTo = async (folder: string, owner: number): Promise<void> => {
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats?.isDirectory() || stats.uid === owner) return;
  const paths = await readdir(folder, { recursive: true });
  await inParallel(paths, 16, (path) => lchown(join(folder, path), owner, owner));
  await lchown(folder, owner, owner);
};

/** The dependency layer of a plan: found, or made by running the install step. Throws what runStep throws, and `image_too_large`. */
export const dependencyLayer = async (context: BuildContext, request: InstallRequest): Promise<ProvidedLayer> => {
  const { home, uids } = context.dependencies;
  const started = performance.now();
  const inputs = inputEntries(request.plan.install, request.entries);
  const key = keyOf(context, request, inputs);
  const found = await usable(context, key);
  const descriptor = found ?? (await makeLayer(context, request, inputs));
  context.leases.take(descriptor.digest);
  const folder = layerFolder(home, descriptor.digest);
  // What another app has made of the same bytes may be what is there.
  if (request.plan.build !== undefined) await giveTo(join(folder, "app"), uids.app);
  if (found) {
    context.log.note(`${request.plan.install.name}: reused, nothing that decides it has changed`);
    context.steps.push({ name: request.plan.install.name, ms: performance.now() - started, reused: true });
  } else {
    await mkdir(dirname(recordPath(context, key)), { recursive: true });
    writeDurably(recordPath(context, key), JSON.stringify({ key, layer: descriptor }), 0o644);
  }
  return { descriptor, folder };
};
