// What the argument of `deploy` names: a folder, a repository on this machine, or a git address. Pure but for `exists`.
import { fileURLToPath } from "node:url";
import { SlipError } from "@slipstream/contract/errors.ts";

export type Origin =
  | { kind: "folder"; path: string }
  | { kind: "local-repository"; path: string; ref: string | undefined }
  | { kind: "git"; url: string; ref: string | undefined };

const maxLength = 4_096;
const remoteSchemes = new Set(["https", "http", "ssh", "git"]);

const split = (text: string): { address: string; ref: string | undefined } => {
  const at = text.lastIndexOf("#");
  return at < 0 ? { address: text, ref: undefined } : { address: text.slice(0, at), ref: text.slice(at + 1) || undefined };
};

const refused = (text: string, why: string): SlipError => new SlipError("git_refused", `"${text.slice(0, 80)}" cannot be fetched: ${why}.`);

const checkRef = (ref: string | undefined): void => {
  if (ref === undefined) return;
  // The characters that git itself refuses in refs (git-check-ref-format), and a leading '-', which git would read as an option.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (ref.length > 255 || ref.startsWith("-") || /[\u0000-\u0020~^:?*[\\\u007f]|\.\.|@\{/.test(ref))
    throw new SlipError("git_ref_unknown", `"${ref.slice(0, 80)}" is not a branch, tag or commit.`);
};

const localPathOf = (address: string): string | undefined => {
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
};

const fileOrigin = (address: string, ref: string | undefined, text: string): Origin => {
  const path = localPathOf(address);
  if (path === undefined) throw refused(text, "it is not a file address of this machine");
  return { kind: "local-repository", path, ref };
};

const schemeOrigin = (scheme: string, text: string): Origin => {
  const { address, ref } = split(text);
  checkRef(ref);
  if (scheme === "file") return fileOrigin(address, ref, text);
  if (!remoteSchemes.has(scheme)) throw refused(text, `${scheme}:// is not https, http, ssh or git`);
  if (!URL.canParse(address) || new URL(address).hostname === "") throw refused(text, "it is not an address");
  if (new URL(address).hostname.startsWith("-")) throw refused(text, "its host begins with '-'");
  return { kind: "git", url: address, ref };
};

/** user@host:path or host:path, without a '/' before the colon (git-clone(1), "scp-like syntax"). */
const scpLike = /^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s-]\S*$/;

/** Throws `git_refused`, `git_ref_unknown` or `source_missing`. */
export const originOf = (text: string, exists: (path: string) => boolean): Origin => {
  if (text === "" || text.length > maxLength || text.includes("\0")) throw new SlipError("source_missing", "The source is not a path or a git address.");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return schemeOrigin(scheme, text);
  if (exists(text)) return { kind: "folder", path: text };
  const { address, ref } = split(text);
  if (address.includes("::")) throw refused(text, "helper programs of git are not run");
  if (scpLike.test(address)) {
    checkRef(ref);
    return { kind: "git", url: address, ref };
  }
  if (ref === undefined || !exists(address)) throw missing(text);
  checkRef(ref);
  return { kind: "local-repository", path: address, ref };
};

const missing = (text: string): SlipError =>
  /^[a-z0-9-]+(\.[a-z0-9-]+)+\/[^\s]+$/i.test(text)
    ? new SlipError("source_missing", `There is no folder "${text.slice(0, 200)}".`, {
        next: `For a repository write its address: https://${text.slice(0, 200)}`,
      })
    : new SlipError("source_missing", `There is no folder "${text.slice(0, 200)}".`);

/** The name that an app can be called after: the last part of a path or address, without ".git". */
export const nameOf = (path: string): string =>
  path
    .replace(/[/\\]+$/, "")
    .replace(/\.git$/i, "")
    .split(/[/:\\]/)
    .at(-1) ?? "";
