// The lines of a Procfile: `web` is how the app starts, `release` what runs before traffic goes to it.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const lines = (tree: SourceTree): Map<string, string> =>
  new Map([...(tree.read("Procfile") ?? "").matchAll(/^([\w-]+):[ \t]*(\S.*?)[ \t]*\r?$/gm)].map(([, name = "", command = ""]) => [name, command]));

export const webCommand = (tree: SourceTree): string | undefined => lines(tree).get("web");

/** What slip.toml says of a release command stands over the Procfile. */
export const withRelease = (tree: SourceTree, config: AppConfig): AppConfig => {
  const command = lines(tree).get("release");
  return command === undefined || config.run?.release_command !== undefined ? config : { ...config, run: { ...config.run, release_command: command } };
};

/** What a Procfile asks for and does not get, as lines for people. */
export const notStarted = (tree: SourceTree): string[] =>
  [...lines(tree).keys()]
    .filter((name) => name !== "web" && name !== "release")
    .map((name) => `Procfile: ${name} is not started: an app is what answers requests. One that answers / as well can be an app of its own, by [run] command.`);
