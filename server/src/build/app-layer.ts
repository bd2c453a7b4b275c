// The app layer that a build step makes: what is in /app after it.
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, realpath, rename } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, BuildStep } from "@slipstream/contract/ports/buildpack.ts";
import type { SourceEntry } from "@slipstream/contract/source.ts";
import { removeTree } from "#platform/files.ts";
import type { SealedBlob } from "#platform/oci/blob-file.ts";
import { type Descriptor, temporaryPath } from "#platform/oci/layout.ts";
import { type Hidden, hiddenBy } from "#platform/oci/opaque.ts";
import type { BuildContext } from "./context.ts";
import { isLeftOver, onlyApp } from "./install.ts";
import { packWithRoom } from "./pack-with-room.ts";
import { secretCheck } from "./secret-check.ts";
import { materialise } from "./sources/materialise.ts";
import { runStep } from "./step.ts";
import type { ProvidedLayer } from "./toolchains/provided-layer.ts";
import { prepareOverlay } from "./workspace.ts";

export interface MadeLayer {
  sealed: SealedBlob;
  /** Its files, not at their place yet; undefined where only the layer itself says what it is, so that it has to be unpacked. */
  folder: string | undefined;
}
/** Made now, or by a build before. */
export type AppLayer = MadeLayer | { stored: Descriptor };

export const madeOf = (layers: readonly AppLayer[]): MadeLayer[] => layers.filter((layer) => "sealed" in layer);

/** A folder inside the tree, "" for the tree itself. Throws `output_missing` for a path that leaves it. */
export const insideTree = (output: string): string => {
  const path = normalize(output.replace(/^\/+/, "")).replace(/\/+$/, "");
  if (path.split("/").includes("..")) throw new SlipError("output_missing", `The output folder ${JSON.stringify(output)} is outside of the source.`);
  return path === "." ? "" : path;
};

/** Where the app is a package of a workspace, slip.toml says its folders as seen from there. */
const seenFrom = (folder: string | undefined, paths: readonly string[]): readonly string[] =>
  folder === undefined ? paths : paths.flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []));

/** `pages` are folders that a page was found in: one of them is what was meant. */
export const missingOutput = (output: readonly string[], pages: readonly string[], folder?: string): SlipError => {
  const names = seenFrom(folder, output).map((name) => JSON.stringify(name));
  const summary = `There is no folder ${names.join(" or ")} with files in it after the build.`;
  const meant = seenFrom(folder, pages).filter((page) => /^[\w@./+-]{1,200}$/.test(page));
  if (meant.length === 0) return new SlipError("output_missing", summary);
  const next = meant.slice(0, 3).map((page) => `Set [build] output = "${page}" in slip.toml.`);
  return new SlipError("output_missing", summary, { cause: `There is an index.html in ${meant.slice(0, 3).join(", ")}.`, next });
};

export const packApp = async (
  { dependencies, spec }: BuildContext,
  folder: string,
  { names, marked }: Hidden = { names: [], marked: false },
): Promise<MadeLayer> => ({
  sealed: await packWithRoom(dependencies.home, folder, { without: isLeftOver, deleted: names, contents: secretCheck(spec.secrets, spec.tags.app) }),
  folder: marked ? undefined : folder,
});

/** A folder that is where its path says: a build may have put links on the way, and they could lead anywhere on this machine. */
const isFolder = async (path: string): Promise<boolean> => (await realpath(path).catch(() => "")) === path && (await lstat(path)).isDirectory();

/** Folders of the first two levels below one that hold an index.html. */
const foldersWithPage = async (root: string, top = ""): Promise<string[]> => {
  const foldersIn = async (folder: string): Promise<string[]> =>
    (await readdir(join(root, folder), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
      .map(({ name }) => (folder === "" ? name : `${folder}/${name}`));
  const first = await foldersIn(top);
  const all = [...first, ...(await Promise.all(first.map(foldersIn))).flat()];
  return all.filter((folder) => existsSync(join(root, folder, "index.html")));
};

/** Of several candidates, one with a page in it; of one that was named, whatever it holds. */
const outputFolder = async (app: string, output: readonly string[], within: string | undefined): Promise<string> => {
  const root = await realpath(app);
  const folders = output.map((folder) => join(root, insideTree(folder)));
  for (const folder of folders) if ((await isFolder(folder)) && (folders.length === 1 || existsSync(join(folder, "index.html")))) return folder;
  const place = within !== undefined && (await isFolder(join(root, within))) ? within : "";
  throw missingOutput(output, await foldersWithPage(root, place), within);
};

/** Runs the steps, one after the other, on the tree over `layers`; what is in /app then, or its output folder, is the layer. */
export const builtLayer = async (
  context: BuildContext,
  request: { plan: BuildPlan; steps: readonly BuildStep[]; entries: readonly SourceEntry[]; layers: readonly ProvidedLayer[] },
): Promise<MadeLayer> => {
  const { dependencies, spec, workspace } = context;
  const { plan, steps, entries, layers } = request;
  const app = await prepareOverlay(workspace.build, dependencies.uids.app);
  await materialise(entries, { home: dependencies.home, tenant: spec.tags.tenant, folder: app, owner: dependencies.uids.app });
  const lower = layers.map((layer) => layer.folder);
  for (const step of steps) await runStep(context, { step, layers: lower, overlay: workspace.build });
  if (plan.output === undefined) {
    const upper = await onlyApp(workspace.build.upper);
    return await packApp(context, upper, await hiddenBy(upper, lower, temporaryPath(dependencies.home)));
  }
  const output = await outputFolder(app, plan.output, spec.config.build?.package);
  const place = join(workspace.layer, "app");
  await mkdir(dirname(place), { recursive: true, mode: 0o755 });
  await rename(output, place);
  await removeTree(workspace.build.upper);
  return await packApp(context, workspace.layer);
};
