// Which git addresses, refs and folders are accepted. What is not plainly one of them is refused before git sees it.
import { posix } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";

const schemes = ["https:", "http:", "ssh:", "git:"];
/** user@host:path, as scp writes it. No scheme, no leading '-', no remote helper ("ext::…"). */
const scpLike = /^[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s-][^\s]*$/;

/** Control characters and blanks. */
const unprintable = /[\0-\x20\x7f]/;

const refused = (message: string): SlipError => new SlipError("git_refused", message);

/** The address for git, and the host for messages. Throws `git_refused`. */
export const gitAddress = (url: string): { url: string; host: string } => {
  if (url.length > 2_048 || unprintable.test(url) || url.startsWith("-")) throw refused("The git address is not a plain URL.");
  if (scpLike.test(url)) return { url, host: url.slice(url.indexOf("@") + 1, url.indexOf(":")) };
  const parsed = URL.parse(url);
  if (!parsed || !schemes.includes(parsed.protocol) || url.includes("::")) throw refused(`${JSON.stringify(url)} is not an https, http, ssh or git address.`);
  if (parsed.hostname === "" || parsed.hostname.startsWith("-") || parsed.username.startsWith("-")) throw refused("The git address has no host.");
  return { url, host: parsed.hostname };
};

/** A branch, tag or commit as git allows them (git-check-ref-format), undefined = the default branch. Throws `git_refused`. */
export const gitRef = (ref: string | undefined): string | undefined => {
  if (ref === undefined || ref === "") return undefined;
  const wrong = ref.length > 255 || ref.startsWith("-") || ref.startsWith("/") || ref.endsWith("/") || ref.endsWith(".lock") || unprintable.test(ref);
  if (wrong || /\.\.|[~^:?*[\\]|@\{|\/\/|\.$/.test(ref)) throw refused(`${JSON.stringify(ref.slice(0, 80))} cannot be a branch, tag or commit.`);
  return ref;
};

/** A folder inside the repository, "" for its root. Throws `git_refused`. */
export const gitSubfolder = (subfolder: string | undefined): string => {
  const path = posix.normalize((subfolder ?? "").replace(/^\.?\/+/, "")).replace(/\/+$/, "");
  if (path === ".") return "";
  if (path.includes("\0") || path.split("/").includes("..")) throw refused(`The folder ${JSON.stringify(path.slice(0, 80))} is outside of the repository.`);
  return path;
};
