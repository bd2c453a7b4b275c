import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { SourceOrigin } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { begin } from "../deployment/begin.ts";
import { showResult } from "../deployment/finish.ts";
import { type Interrupts, interrupts } from "../deployment/interrupt.ts";
import { type Progress, progressOn } from "../deployment/progress.ts";
import { cancelledEarly, failedEarly } from "../deployment/result.ts";
import { detachOption, type Settings, settingOptions, settingsOf } from "../deployment/settings.ts";
import { planOption } from "../plan/change.ts";
import { planDeploy } from "../plan/deploy.ts";
import { refusal } from "../platform/access.ts";
import { cleanCommit, cloneLocal } from "../source/git.ts";
import { leadsOut } from "../source/links.ts";
import { readTree, type Tree, TreeChanged } from "../source/manifest.ts";
import { nameOf, type Origin, originOf } from "../source/origin.ts";
import { uploadTree } from "../source/upload.ts";
import { sourceFolder } from "../source/workspace.ts";
import { textOf } from "./options.ts";

interface Deploying {
  call: Invocation;
  stops: Interrupts;
  progress: Progress;
  /** Removes what was put on disk for the way. */
  cleanups: (() => void)[];
}
interface Prepared {
  suggestedName: string;
  /** Brings the source to the platform, which runs by now. */
  send(): Promise<SourceOrigin>;
}

/** Stands for the source while the other fields are checked. */
const anySource: SourceOrigin = { kind: "git", url: "" };

const treeSource = async (
  { call, stops, progress }: Deploying,
  folder: string,
  tree: Tree,
  about: { commit?: string; ref?: string; package?: string },
): Promise<SourceOrigin> => {
  progress.say("sending");
  const send = (of: Tree) => uploadTree(call.session, of, stops.signal);
  try {
    return { kind: "tree", digest: (await send(tree)).source, ...about };
  } catch (error) {
    if (!(error instanceof TreeChanged)) throw error;
    return { kind: "tree", digest: (await send(await readTree(folder, undefined))).source, ...about };
  }
};

const prepareFolder = async (deploying: Deploying, path: string): Promise<Prepared> => {
  const { environment } = deploying.call;
  const { folder, ...which } = sourceFolder(path);
  const commitFound = cleanCommit(environment, folder);
  deploying.call.session.warm();
  const [tree, commit] = await Promise.all([readTree(folder, environment.cacheFolder), commitFound]);
  const about = { ...which, ...(commit === undefined ? {} : { commit }) };
  return { suggestedName: nameOf(which.package ?? tree.root), send: () => treeSource(deploying, folder, tree, about) };
};

const prepareRepository = async (deploying: Deploying, origin: Origin & { kind: "local-repository" }): Promise<Prepared> => {
  const temporary = mkdtempSync(join(tmpdir(), "slip-clone-"));
  deploying.cleanups.push(() => rmSync(temporary, { recursive: true, force: true }));
  const clone = join(temporary, "source");
  const commit = await cloneLocal(deploying.call.environment, { path: resolve(origin.path), ref: origin.ref }, clone);
  const subfolder = subfolderOf(deploying.call);
  const source = join(clone, subfolder);
  if (!existsSync(source))
    throw new SlipError("source_missing", `The repository has no folder "${subfolder.slice(0, 200)}".`, { next: "Name one of its folders with --subfolder." });
  if (leadsOut(clone, source)) throw new SlipError("source_unsafe", "The subfolder is a link that leaves the repository.");
  const { folder, ...which } = sourceFolder(source, clone);
  const tree = await readTree(folder, undefined);
  const about = { ...which, commit, ...(origin.ref === undefined ? {} : { ref: origin.ref }) };
  return { suggestedName: nameOf(which.package ?? resolve(origin.path)), send: () => treeSource(deploying, folder, tree, about) };
};

const subfolderOf = ({ options }: Invocation): string => {
  const subfolder = textOf(options, "subfolder") ?? "";
  if (subfolder.startsWith("/") || subfolder.split("/").includes(".."))
    throw new SlipError("source_unsafe", `--subfolder ${subfolder.slice(0, 200)} leaves the source.`, { next: "Name a folder inside of the source." });
  return subfolder;
};

const prepareGit = ({ call }: Deploying, origin: Origin & { kind: "git" }): Prepared => {
  const tokenSecret = textOf(call.options, "tokenSecret");
  const subfolder = subfolderOf(call);
  const source: SourceOrigin = {
    kind: "git",
    url: origin.url,
    ...(origin.ref && { ref: origin.ref }),
    ...(subfolder && { subfolder }),
    ...(tokenSecret && { tokenSecret }),
  };
  return { suggestedName: nameOf(subfolder || origin.url), send: () => Promise.resolve(source) };
};

const prepare = (deploying: Deploying, origin: Origin): Promise<Prepared> | Prepared => {
  switch (origin.kind) {
    case "folder":
      return prepareFolder(deploying, resolve(origin.path, subfolderOf(deploying.call)));
    case "local-repository":
      return prepareRepository(deploying, origin);
    case "git":
      return prepareGit(deploying, origin);
  }
};

/** Brings the source to the platform: what there is to ask for. */
const sent = async (deploying: Deploying, settings: Settings): Promise<InputOf<"deployments.create">> => {
  const { call, stops, progress } = deploying;
  progress.say("reading");
  const prepared = await prepare(deploying, originOf(first(call), existsSync));
  stops.signal.throwIfAborted();
  progress.end();
  await call.session.ensureRunning();
  stops.signal.throwIfAborted();
  const source = await prepared.send();
  return { ...settings, suggestedName: prepared.suggestedName.slice(0, 1_024), source };
};

const endEarly = ({ call, stops }: Deploying, app: string | undefined, error: unknown): ExitCode => {
  if (stops.signal.aborted) return showResult(call, cancelledEarly(app));
  const known = error instanceof TreeChanged ? new SlipError("source_unsafe", error.message, { next: "Deploy again when the folder stands still." }) : error;
  // Nothing that was only planned has failed.
  const result = known instanceof SlipError && call.options.plan !== true ? failedEarly(app, known) : undefined;
  if (!result) throw known;
  return showResult(call, result);
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const refused = refusal(call.environment);
  if (refused) throw refused;
  const settings = settingsOf(call);
  if (Object.keys(settings).length > 0) await call.session.check("deployments.create", { ...settings, source: anySource });
  const startedAt = performance.now();
  const deploying: Deploying = { call, stops: interrupts(), progress: progressOn(call.screen), cleanups: [] };
  try {
    const input = await sent(deploying, settings);
    if (call.options.plan === true) return await planDeploy(call, input, deploying);
    return await begin(call, input, { ...deploying, startedAt });
  } catch (error) {
    deploying.progress.end();
    return endEarly(deploying, settings.app, error);
  } finally {
    deploying.progress.end();
    deploying.stops.stop();
    for (const cleanup of deploying.cleanups) cleanup();
  }
};

export const deploy: Command = {
  name: "deploy",
  summary: "Make a folder or a git repository live.",
  arguments: [{ name: "SOURCE", summary: "a folder, or a git address; #REF names a branch, tag or commit" }],
  options: [
    { flags: "--app <NAME>", summary: "name of the app (else the name in slip.toml, else the folder's)" },
    ...settingOptions,
    { flags: "--subfolder <PATH>", summary: "deploy this folder of the source" },
    { flags: "--token-secret <NAME>", summary: "secret of the app that holds the token of a private repository" },
    detachOption,
    planOption,
  ],
  notes:
    "Files that .gitignore or .slipignore name are not sent, nor are .git, node_modules, .venv and __pycache__.\n" +
    "Starts the platform in the background where none runs. Ctrl-C cancels the deployment.",
  examples: [
    "slip deploy .",
    "slip deploy https://github.com/OWNER/REPOSITORY#main --app shop",
    "slip deploy examples/node-hello --json",
    "slip deploy . --plan",
  ],
  run,
};
