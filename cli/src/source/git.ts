// Git on this machine: which commit a folder is at, and a copy of a commit of a local repository.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

interface Ran {
  code: number;
  output: string;
  errors: string;
}
const outputLimit = 2 ** 20;
const gitMs = 120_000;

/** Runs git with nothing of the environment that could redirect it. An answer of undefined means that there is no git. */
const runGit = (environment: Environment, args: readonly string[]): Promise<Ran | undefined> =>
  new Promise((resolve) => {
    const { PATH, HOME } = environment.inherited;
    const env = { PATH, HOME, LANG: "C.UTF-8", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" };
    const child = spawn("git", args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: gitMs });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output.length < outputLimit) output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (errors.length < outputLimit) errors += chunk.toString();
    });
    child.on("error", () => resolve(undefined));
    child.on("close", (code) => resolve({ code: code ?? 1, output: output.trim(), errors: errors.trim() }));
  });

const isInWorkTree = (folder: string): boolean => {
  for (let path = resolve(folder); ; path = dirname(path)) {
    if (existsSync(join(path, ".git"))) return true;
    if (path === dirname(path)) return false;
  }
};

/** The commit that the folder shows, when git tracks it there and nothing in it differs; else undefined. */
export const cleanCommit = async (environment: Environment, folder: string): Promise<string | undefined> => {
  if (!isInWorkTree(folder)) return undefined;
  const head = await runGit(environment, ["-C", folder, "rev-parse", "--verify", "--quiet", "HEAD"]);
  if (head?.code !== 0 || !/^[0-9a-f]{40,64}$/.test(head.output)) return undefined;
  const [status, tracked] = await Promise.all([
    runGit(environment, ["-C", folder, "status", "--porcelain", "--", "."]),
    runGit(environment, ["-C", folder, "ls-tree", "--name-only", "HEAD", "--", "."]),
  ]);
  return status?.code === 0 && status.output === "" && tracked?.code === 0 && tracked.output !== "" ? head.output : undefined;
};

const lastWords = (errors: string): string[] => errors.split("\n").slice(-5);

/**
 * Copies `ref` (else HEAD) of the repository at `path` into the empty folder `target`; gives its commit.
 * Throws `git_refused` for what is no repository and `git_ref_unknown`.
 */
export const cloneLocal = async (environment: Environment, source: { path: string; ref: string | undefined }, target: string): Promise<string> => {
  const cloned = await runGit(environment, ["clone", "--quiet", "--no-checkout", "--", source.path, target]);
  if (!cloned) throw new SlipError("missing_program", "git is not installed.", { next: "Install git." });
  if (cloned.code !== 0) throw new SlipError("git_refused", `${source.path} is not a git repository that can be read.`, { evidence: lastWords(cloned.errors) });
  const commit = await findCommit(environment, target, source.ref);
  const checkout = await runGit(environment, ["-C", target, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit]);
  if (checkout?.code !== 0) throw new SlipError("git_refused", `${source.path} cannot be checked out.`, { evidence: lastWords(checkout?.errors ?? "") });
  const submodules = await runGit(environment, ["-C", target, "submodule", "--quiet", "update", "--init", "--recursive"]);
  if (submodules?.code !== 0)
    throw new SlipError("git_refused", `A submodule of ${source.path} cannot be fetched.`, { evidence: lastWords(submodules?.errors ?? "") });
  return commit;
};

const findCommit = async (environment: Environment, repository: string, ref: string | undefined): Promise<string> => {
  for (const name of ref === undefined ? ["HEAD"] : [`refs/remotes/origin/${ref}`, `refs/tags/${ref}`, ref]) {
    const found = await runGit(environment, ["-C", repository, "rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
    if (found?.code === 0 && found.output !== "") return found.output;
  }
  throw new SlipError("git_ref_unknown", ref === undefined ? "The repository has no commits." : `The repository has no branch, tag or commit "${ref}".`);
};
