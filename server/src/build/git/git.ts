// A git source becomes a stored source. Git runs as a user that owns nothing, in a folder of its own, and never sees a shell.

import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { chown, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { GitFetch, GitFetched } from "@slipstream/contract/ports/host.ts";
import type { FetchNetwork } from "@slipstream/contract/ports/sandbox.ts";
import { workspaceOf } from "@slipstream/contract/workspace.ts";
import { requireRoom } from "#platform/disk-room.ts";
import { type ExecResult, exec } from "#platform/exec.ts";
import { removeTree } from "#platform/files.ts";
import { redactorOf } from "#platform/redact.ts";
import { buildLogOf } from "../build-log.ts";
import type { BuildDependencies } from "../context.ts";
import { type DiskBounds, withinDisk } from "../disk-guard.ts";
import { look } from "../look.ts";
import { storeTree } from "../sources/store.ts";
import { gitAddress, gitRef, gitSubfolder } from "./address.ts";
import { confinedGit, type FetchPlace } from "./confinement.ts";
import { gitEnvironment } from "./environment.ts";
import { gitFailure, isUnknownRef, withRefused } from "./failure.ts";
import { fetchesFolder } from "./fetch-folder.ts";

/** Larger ones say nothing of packages. */
const packageFileBytes = 2 ** 20;

interface Fetching {
  url: string;
  host: string;
  folder: string;
  git: (...words: string[]) => Promise<ExecResult>;
  /** As git, but throws the error that its words mean. */
  must: (...words: string[]) => Promise<string>;
}

const secretsOf = (token: string | undefined): string[] =>
  token === undefined || token === "" ? [] : [token, Buffer.from(`x-access-token:${token}`).toString("base64")];

/** Git starts other programs for the network: the time limit ends the whole group of them, or one could keep us waiting. */
const bounded = (ms: number, argv: readonly string[]): [string, ...string[]] => ["timeout", "--signal=KILL", (Math.max(1, ms) / 1_000).toFixed(3), ...argv];

interface Asked {
  request: GitFetch;
  place: FetchPlace;
  signal: AbortSignal;
  timeMs: number;
}

/** Submodules and all that came before the tree count too. */
const boundsOf = (root: string, host: string, maxBytes: number): DiskBounds => ({
  folders: [join(root, "tree"), join(root, "home")],
  maxBytes,
  maxFiles: limit("buildFiles"),
  excess: (what) =>
    new SlipError("too_large", `Fetching from ${host} was ended: it took ${what} of the disk.`, {
      next: "Leave out of the repository, or of its submodules, what the app does not need; or deploy a folder of your machine.",
    }),
});

const fetchingOf = ({ request, place, signal, timeMs }: Asked): Fetching => {
  const { url, host } = gitAddress(request.url);
  const folder = join(place.root, "tree");
  const env = gitEnvironment(join(place.root, "home"), url, request.token);
  const deadline = performance.now() + timeMs;
  const redact = redactorOf(secretsOf(request.token));
  const git: Fetching["git"] = async (...words) => {
    const left = deadline - performance.now();
    const argv = confinedGit(place, bounded(left, ["git", ...words]));
    const ran = await exec(argv, { cwd: folder, env, timeoutMs: Math.max(1, Math.round(left)) + 2_000, signal, whole: true });
    return { ...ran, timedOut: ran.code !== 0 && performance.now() >= deadline };
  };
  return {
    url,
    host,
    folder,
    git,
    async must(...words) {
      const ran = await git(...words);
      if (ran.code !== 0) throw gitFailure(ran, host, redact);
      return ran.stdout.trim();
    },
  };
};

/** Fetches one commit where the server allows it, else everything, and gives the commit. */
const fetchCommit = async ({ url, git, must }: Fetching, ref: string | undefined): Promise<string> => {
  const shallow = await git("fetch", "--quiet", "--depth=1", "--no-tags", "--end-of-options", url, ref ?? "HEAD");
  if (shallow.code === 0) return await must("rev-parse", "--verify", "FETCH_HEAD^{commit}");
  const looksLikeCommit = ref !== undefined && /^[0-9a-f]{4,64}$/.test(ref);
  if (!looksLikeCommit || !(isUnknownRef(shallow) || /allow|shallow|unadvertised/i.test(shallow.stderr))) {
    await must("fetch", "--quiet", "--depth=1", "--no-tags", "--end-of-options", url, ref ?? "HEAD");
    return await must("rev-parse", "--verify", "FETCH_HEAD^{commit}");
  }
  await must("fetch", "--quiet", "--tags", "--end-of-options", url, "+refs/*:refs/remotes/source/*");
  const found = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
  if (found.code !== 0) throw new SlipError("git_ref_unknown", `The repository has no branch, tag or commit ${ref}.`);
  return found.stdout.trim();
};

const checkOut = async (fetching: Fetching, ref: string | undefined): Promise<string> => {
  const { folder, must, url } = fetching;
  await must("init", "--quiet", "--", folder);
  // Relative addresses of submodules are relative to this one.
  await must("config", "remote.origin.url", url);
  const commit = await fetchCommit(fetching, ref);
  await must("checkout", "--quiet", "--force", "--detach", commit, "--");
  await must("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1", "--recommend-shallow");
  return commit;
};

/** The folder in the fetched tree; one that is reached through a link is refused, for the link may lead anywhere. */
const folderIn = async (tree: string, subfolder: string): Promise<string> => {
  const real = await realpath(join(tree, subfolder)).catch(() => undefined);
  if (real === undefined) throw new SlipError("source_missing", `The repository has no folder ${JSON.stringify(subfolder)}.`);
  if (real !== join(await realpath(tree), subfolder)) throw new SlipError("source_unsafe", `The folder ${JSON.stringify(subfolder)} is behind a link.`);
  return real;
};

/** The text of a file of a fetched tree that is one, and not behind a link: what was fetched may be anything. */
const textIn =
  (tree: string) =>
  (path: string): string | undefined => {
    try {
      const at = join(tree, path);
      const stats = lstatSync(at);
      return stats.isFile() && stats.size <= packageFileBytes && realpathSync(at) === at ? readFileSync(at, "utf8") : undefined;
    } catch {
      return undefined;
    }
  };

/** The subfolder, or the whole workspace that it is a package of. */
const sourceIn = async (top: string, subfolder: string): Promise<{ folder: string; package?: string }> => {
  const tree = await realpath(top);
  const folder = await folderIn(tree, subfolder);
  const found = look(() => workspaceOf(subfolder, textIn(tree)));
  return found === undefined ? { folder } : { folder: join(tree, found.workspace), package: found.package };
};

export interface FetchBounds {
  timeMs: number;
  maxBytes: number;
}

/** On a network of its own where there is one; what that refused explains why a host could not be reached. */
const onNetwork = async <T>(
  { logs, withNetwork }: BuildDependencies,
  { tags, token }: GitFetch,
  act: (network: FetchNetwork | undefined) => Promise<T>,
): Promise<T> => {
  if (withNetwork === undefined) return await act(undefined);
  const log = buildLogOf(logs, tags, secretsOf(token));
  const refused: string[] = [];
  const tell = (line: string): void => {
    refused.push(line);
    log.say(line);
  };
  try {
    return await withNetwork(tell, act);
  } catch (error) {
    throw withRefused(error, refused);
  }
};

const makeFolders = async (root: string, owner: number): Promise<void> => {
  for (const name of ["", "root", "home", "tree"]) await mkdir(join(root, name), { mode: 0o755 });
  if (process.getuid?.() === 0) for (const name of ["home", "tree"]) await chown(join(root, name), owner, owner);
};

/** Fetches and stores a git source. Throws git_unreachable, git_ref_unknown, git_refused, source_empty, source_unsafe, too_large or disk_full. */
export const fetchGit = async (
  dependencies: BuildDependencies,
  request: GitFetch,
  signal: AbortSignal,
  { timeMs, maxBytes }: FetchBounds = { timeMs: limit("gitFetchMs"), maxBytes: limit("gitFetchBytes") },
): Promise<GitFetched> => {
  const { home, uids } = dependencies;
  const { host } = gitAddress(request.url);
  const [ref, subfolder] = [gitRef(request.ref), gitSubfolder(request.subfolder)];
  requireRoom(home);
  const root = join(fetchesFolder(home), randomBytes(12).toString("hex"));
  await mkdir(fetchesFolder(home), { recursive: true, mode: 0o700 });
  try {
    await makeFolders(root, uids.fetch);
    const commit = await withinDisk(boundsOf(root, host, maxBytes), signal, (signal) =>
      onNetwork(dependencies, request, (network) => checkOut(fetchingOf({ request, place: { uid: uids.fetch, root, network }, signal, timeMs }), ref)),
    );
    const { folder, ...which } = await sourceIn(join(root, "tree"), subfolder);
    return { source: await storeTree(home, request.tenant, folder), commit, ...which };
  } finally {
    await removeTree(root);
  }
};
