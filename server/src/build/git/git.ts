// A git source becomes a stored source. Git runs as a user that owns nothing, in a folder of its own, and never sees a shell.

import { randomBytes } from "node:crypto";
import { chown, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { GitFetch, GitFetched } from "@slipstream/contract/ports/host.ts";
import { confined } from "#platform/confine.ts";
import { type ExecResult, exec } from "#platform/exec.ts";
import { removeTree } from "#platform/files.ts";
import { redactorOf } from "#platform/redact.ts";
import type { BuildDependencies } from "../context.ts";
import { storeTree } from "../sources/store.ts";
import { gitAddress, gitRef, gitSubfolder } from "./address.ts";
import { gitEnvironment } from "./environment.ts";
import { gitFailure, isUnknownRef } from "./failure.ts";
import { fetchesFolder } from "./fetch-folder.ts";

interface Fetching {
  url: string;
  host: string;
  folder: string;
  git: (...words: string[]) => Promise<ExecResult>;
  /** As git, but throws the error that its words mean. */
  must: (...words: string[]) => Promise<string>;
}

/** Sees the system and its own folder, and nothing else of this machine. */
const confine = (dependencies: BuildDependencies, root: string, argv: [string, ...string[]]): [string, ...string[]] => {
  if (process.getuid?.() !== 0) return argv;
  const { fetch } = dependencies.uids;
  const writable = [join(root, "home"), join(root, "tree")];
  const staging = join(root, "root");
  return confined(
    {
      uid: fetch,
      gid: fetch,
      groups: [],
      umask: "0022",
      readOnly: [],
      writable,
      staging,
      cwd: join(root, "tree"),
      lowPorts: false,
      offline: false,
      named: true,
    },
    argv,
  );
};

const secretsOf = (token: string | undefined): string[] =>
  token === undefined || token === "" ? [] : [token, Buffer.from(`x-access-token:${token}`).toString("base64")];

/** Git starts other programs for the network: the time limit ends the whole group of them, or one could keep us waiting. */
const bounded = (ms: number, argv: readonly string[]): [string, ...string[]] => ["timeout", "--signal=KILL", (Math.max(1, ms) / 1_000).toFixed(3), ...argv];

interface Asked {
  request: GitFetch;
  root: string;
  signal: AbortSignal;
  timeMs: number;
}

const fetchingOf = (dependencies: BuildDependencies, { request, root, signal, timeMs }: Asked): Fetching => {
  const { url, host } = gitAddress(request.url);
  const folder = join(root, "tree");
  const env = gitEnvironment(join(root, "home"), url, request.token);
  const deadline = performance.now() + timeMs;
  const redact = redactorOf(secretsOf(request.token));
  const git: Fetching["git"] = async (...words) => {
    const left = deadline - performance.now();
    const argv = confine(dependencies, root, bounded(left, ["git", ...words]));
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

/** Fetches and stores a git source. Throws git_unreachable, git_ref_unknown, git_refused, source_empty, source_unsafe or too_large. */
export const fetchGit = async (
  dependencies: BuildDependencies,
  request: GitFetch,
  signal: AbortSignal,
  timeMs: number = limit("gitFetchMs"),
): Promise<GitFetched> => {
  const { home, uids } = dependencies;
  gitAddress(request.url);
  const ref = gitRef(request.ref);
  const subfolder = gitSubfolder(request.subfolder);
  const root = join(fetchesFolder(home), randomBytes(12).toString("hex"));
  await mkdir(fetchesFolder(home), { recursive: true, mode: 0o700 });
  try {
    for (const name of ["", "root", "home", "tree"]) await mkdir(join(root, name), { mode: 0o755 });
    if (process.getuid?.() === 0) for (const name of ["home", "tree"]) await chown(join(root, name), uids.fetch, uids.fetch);
    const commit = await checkOut(fetchingOf(dependencies, { request, root, signal, timeMs }), ref);
    return { source: await storeTree(home, request.tenant, await folderIn(join(root, "tree"), subfolder)), commit };
  } finally {
    await removeTree(root);
  }
};
