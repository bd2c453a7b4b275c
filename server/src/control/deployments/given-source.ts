// The source of a new deployment: what stands in the call is stored first, so that a deployment and the journal name it by its digest.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { SourceManifest } from "@slipstream/contract/source.ts";
import type { SourceOrigin } from "@slipstream/contract/words.ts";
import { requireRoom } from "#platform/disk-room.ts";
import type { Call } from "../api/call.ts";
import { appNamed } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { liveRelease } from "../releases/release-store.ts";
import { checkOrigin } from "../sources/git-origin.ts";
import { type GivenTree, givenTree, withoutContents } from "../sources/given-files.ts";
import { snippetFiles } from "../sources/snippet.ts";
import { checkManifest } from "../sources/source.ts";
import { noteSource, type SourceStore } from "../sources/source-store.ts";
import type { KeptOrigin } from "./deployment.ts";
import { deploymentIn } from "./deployment-store.ts";

type Origin<K extends SourceOrigin["kind"]> = Extract<SourceOrigin, { kind: K }>;
type CreateInput = Pick<ParsedInputOf<"deployments.create">, "app" | "source">;

export interface KeptSource {
  source: KeptOrigin;
  /** The app that the base is of. */
  app?: string | undefined;
  /** What the journal keeps of it: no contents. */
  journaled: Record<string, unknown>;
}

interface Base {
  app: string;
  source: string;
  /** Of a workspace: the package that is the app. */
  package: string | undefined;
}

const ofLive = async ({ database }: Control, call: Call, app: string | undefined): Promise<Base> => {
  if (app === undefined) throw new SlipError("invalid_input", "The files are to lie over what is live, but no app is named.", { next: "Name the app." });
  const { id } = await appNamed(database, call.tenant, app);
  const live = await liveRelease(database, id);
  if (!live?.source)
    throw new SlipError("conflict", `The app ${app} has no live release to lay files over.`, {
      next: ["Name the deployment whose source is the base.", "Send all files, without a base."],
    });
  return { app, source: live.source, package: live.config.build?.package };
};

const ofDeployment = async ({ database }: Control, call: Call, id: string, app: string | undefined): Promise<Base> => {
  const row = await deploymentIn(database, call.tenant, id);
  if (!row) throw new SlipError("not_found", `There is no deployment ${id}.`, { next: "List them with 'slip deployments APP'." });
  if (app !== undefined && app !== row.app) throw new SlipError("invalid_input", `The deployment ${id} is of the app ${row.app}, not of ${app}.`);
  if (row.source === null)
    throw new SlipError("conflict", `The source of the deployment ${id} was not fetched.`, { next: "Name another base, or send all files, without one." });
  return { app: row.app, source: row.source, package: row.config?.build?.package };
};

const baseManifest = (store: SourceStore, call: Call, { source }: Base): SourceManifest => {
  const manifest = store.manifest(call.tenant, source);
  if (!manifest) throw new SlipError("source_missing", "The source of the base is not kept any more.", { next: "Send all files, without a base." });
  return manifest;
};

const keepTree = async (control: Control, store: SourceStore, call: Call, tree: GivenTree, folder?: string): Promise<KeptOrigin> => {
  const size = checkManifest(tree.manifest);
  const digest = await store.keep(call.tenant, tree);
  await noteSource(control.database, call.tenant, { digest, ...size });
  return { kind: "tree", digest, ...(folder === undefined ? {} : { package: folder }) };
};

const keepFiles = async (control: Control, store: SourceStore, call: Call, { app, source }: { app: string | undefined; source: Origin<"files"> }) => {
  const { files, base: named, remove } = source;
  if (named === undefined && remove !== undefined) throw new SlipError("invalid_input", "There is no base to remove files of.", { next: "Name the base." });
  const base = named === undefined ? undefined : await (named === "live" ? ofLive(control, call, app) : ofDeployment(control, call, named, app));
  const kept = await keepTree(control, store, call, givenTree(files, base && baseManifest(store, call, base), remove), base?.package);
  const over = named === undefined ? {} : { base: named, ...(remove === undefined ? {} : { remove: remove.slice(0, 100) }) };
  return { source: kept, app: base?.app, journaled: { ...kept, ...withoutContents(files), ...over, kind: "files" } };
};

const keepSnippet = async (control: Control, store: SourceStore, call: Call, source: Origin<"snippet">): Promise<KeptSource> => {
  const files = snippetFiles(source);
  const kept = await keepTree(control, store, call, givenTree(files));
  return { source: kept, journaled: { ...kept, ...withoutContents(files), kind: "snippet" } };
};

/** Throws what makes the source unusable: `git_refused`, `too_large`, `source_…`, `not_found` for a base that is not there, … */
export const keepSource = async (control: Control, store: SourceStore, call: Call, { app, source }: CreateInput): Promise<KeptSource> => {
  switch (source.kind) {
    case "tree":
      return { source, journaled: source };
    case "git":
      checkOrigin(source);
      requireRoom(control.home);
      return { source, journaled: source };
    case "files":
      return keepFiles(control, store, call, { app, source });
    case "snippet":
      return keepSnippet(control, store, call, source);
  }
};
