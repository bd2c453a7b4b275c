// Rules of a git source that is named in a request. What can be fetched at all is the build plane's business.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceOrigin } from "@slipstream/contract/words.ts";

type GitOrigin = Extract<SourceOrigin, { kind: "git" }>;

/** Throws `git_refused` for an address with a password or token in it: addresses are shown, journaled and logged. */
export const checkOrigin = ({ url }: Pick<GitOrigin, "url">): void => {
  if (!/^https?:\/\/[^/?#]*@/i.test(url)) return;
  throw new SlipError("git_refused", "The git address holds a user name or token.", {
    next: "Leave it out of the address; store the token with 'slip secrets set APP NAME --stage' and name it with --token-secret NAME.",
  });
};
