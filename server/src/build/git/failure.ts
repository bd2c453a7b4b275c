// What git said when it failed, as an error of the catalogue.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ExecResult } from "#platform/exec.ts";

const unknownRef =
  /couldn't find remote ref|not our ref|no such remote ref|unknown revision|bad revision|did not match any|reference is not a tree|invalid refspec|remote branch .* not found/i;
const refusedByGit = /transport '\S+' not allowed|protocol '\S+' is not supported|unable to find remote helper/i;

/** Git makes no file with such a name: it would land in .git, outside of the tree, or nowhere. */
const unsafeName = /error: invalid path|File name too long/;

const evidenceOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-10);

export const isUnknownRef = ({ stderr }: ExecResult): boolean => unknownRef.test(stderr);

const withToken: string[] = [
  "Check the address.",
  "Where it is private: store a token of the git host with 'slip secrets set APP GIT_TOKEN', then run 'slip deploy ADDRESS --app APP --token-secret GIT_TOKEN' (docs/guides/git.md).",
];

/** What git asks for where nobody names a ref. */
const empty = (evidence: string[]): SlipError =>
  new SlipError("git_ref_unknown", "The repository has no default branch: it is empty, or its HEAD names a branch that is not there.", {
    evidence,
    next: "Push a commit to its default branch, or name a branch that exists: 'slip deploy ADDRESS#BRANCH'.",
  });

/** `redact` takes the token out of git's words. */
export const gitFailure = (ran: ExecResult, host: string, redact: (text: string) => string): SlipError => {
  const evidence = evidenceOf(redact(ran.stderr));
  if (ran.timedOut) return new SlipError("git_unreachable", `Fetching from ${host} took longer than its limit.`, { evidence });
  if (refusedByGit.test(ran.stderr)) return new SlipError("git_refused", "The repository names another one by an address that is not fetched.", { evidence });
  if (unsafeName.test(ran.stderr)) return new SlipError("source_unsafe", "The repository has files whose names cannot be kept.", { evidence });
  if (/couldn't find remote ref HEAD\b/.test(ran.stderr)) return empty(evidence);
  if (unknownRef.test(ran.stderr)) return new SlipError("git_ref_unknown", undefined, { evidence });
  if (/authentication failed|could not read (username|password)|permission denied|access denied|HTTP 40[13]|returned error: 40[13]/i.test(ran.stderr))
    return new SlipError("git_unreachable", `${host} did not let us read the repository.`, { evidence, next: withToken });
  if (/repository .*not found|returned error: 404|does not appear to be a git repository/i.test(ran.stderr))
    return new SlipError("git_unreachable", `${host} has no such repository, or it is private.`, { evidence, next: withToken });
  return new SlipError("git_unreachable", `${host} could not be reached.`, { evidence });
};

/** An error, where the network refused something meanwhile: then it is that the address is closed, not that nobody answered. */
export const withRefused = (error: unknown, refused: readonly string[]): unknown => {
  if (refused.length === 0 || !(error instanceof SlipError) || error.code !== "git_unreachable") return error;
  return new SlipError("git_refused", "The repository, or one that it names, is at an address that git fetches do not reach.", {
    evidence: [...(error.details.evidence ?? []), ...refused.slice(0, 3)].slice(-10),
    next: "Use an address on the internet. Or: let the operator name the host in SLIP_GIT_HOSTS and start the platform again (docs/guides/git.md).",
  });
};
