// Django refuses each host name that its settings do not list, with 400 and no line in its log: the build's log says so before.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const isSettings = /(^|\/)settings(\.py|\/\w+\.py)$/;
const localNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1"]);

/** The host names that are written down; undefined where something else says them, or more are added. */
const listedHosts = (text: string): string[] | undefined => {
  const list = /^ALLOWED_HOSTS\s*(?::[^=\n]+)?=\s*\[([^\]]*)\]\s*(?:#.*)?$/m.exec(text)?.[1];
  if (list === undefined || (text.match(/\bALLOWED_HOSTS\b/g) ?? []).length > 1) return undefined;
  const plain = list.replace(/#.*$/gm, "");
  return /^[\s,]*(?:(["'])[^"'\n]*\1[\s,]*)*$/.test(plain) ? [...plain.matchAll(/["']([^"'\n]*)["']/g)].map(([, host = ""]) => host) : undefined;
};

/** With DEBUG, and no name listed, Django answers to the names of the machine itself and those below localhost. */
const refusesAll = (text: string): boolean => {
  const hosts = listedHosts(text);
  if (hosts === undefined || !hosts.every((host) => localNames.has(host))) return false;
  return hosts.length > 0 || !/^DEBUG\s*=\s*True\b/m.test(text);
};

/** Notes for the log of the build. Several files of settings add to one another, so of these nothing is said. */
export const refusedHosts = (tree: SourceTree): string[] => {
  const [path, ...others] = tree.paths.includes("manage.py") ? tree.paths.filter((each) => isSettings.test(each) && !each.endsWith("__init__.py")) : [];
  if (path === undefined || others.length > 0 || !refusesAll(tree.read(path) ?? "")) return [];
  return [
    `${path}: ALLOWED_HOSTS has no name under which the app is reached, so Django answers 400 to every request. Add the app's host name to it, or "*": a request only comes here by a name that is the app's.`,
  ];
};
