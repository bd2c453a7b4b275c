// Python packages that make a static site out of a folder of texts: MkDocs, Sphinx, Pelican, Lektor.
import { posix } from "node:path";
import type { AppConfig, Command } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export interface PythonSite {
  command: Command | undefined;
  /** The folder that it is made in. */
  output: string;
  /** The distributions that bring the generator, of which the project has to ask for one. */
  brings: readonly string[];
}

interface Generator {
  /** Its settings, by which it is known. */
  settings: RegExp;
  site(tree: SourceTree, settings: string): PythonSite;
}

const generators: readonly Generator[] = [
  {
    settings: /^mkdocs\.ya?ml$/,
    site: (tree, settings) => {
      const text = tree.read(settings) ?? "";
      const isMaterial = /^\s*(?:theme|name):\s*["']?material\b/m.test(text);
      const output = /^site_dir:\s*["']?([\w./-]+)/m.exec(text)?.[1] ?? "site";
      return { command: ["mkdocs", "build"], output, brings: isMaterial ? ["mkdocs-material"] : ["mkdocs", "mkdocs-material"] };
    },
  },
  {
    settings: /^pelicanconf\.py$/,
    site: (tree) => {
      const settings = tree.paths.includes("publishconf.py") ? "publishconf.py" : "pelicanconf.py";
      return { command: ["pelican", "--settings", settings, "--output", "output"], output: "output", brings: ["pelican"] };
    },
  },
  { settings: /^[\w-]+\.lektorproject$/, site: () => ({ command: ["lektor", "build", "--output-path", "site"], output: "site", brings: ["lektor"] }) },
  {
    settings: /^(?:docs?\/)?(?:source\/)?conf\.py$/,
    site: (_, settings) => ({
      command: ["sphinx-build", "-b", "html", posix.dirname(settings), "_build/html"],
      output: "_build/html",
      brings: ["sphinx"],
    }),
  },
];

const settingsOf = (tree: SourceTree, { settings }: Generator): string | undefined => tree.paths.find((path) => settings.test(path));

/** Those whose settings alone say what a source is: nothing else has files of these names. */
export const siteSettings = (tree: SourceTree): string | undefined => generators.slice(0, 3).flatMap((generator) => settingsOf(tree, generator) ?? [])[0];

/** The site that a source makes, by its generator or by slip.toml; undefined where it makes none. */
export const pythonSite = (tree: SourceTree, config: AppConfig): PythonSite | undefined => {
  const generator = generators.find((each) => settingsOf(tree, each) !== undefined);
  const found = generator?.site(tree, settingsOf(tree, generator) ?? "");
  const { command = found?.command, output = found?.output } = config.build ?? {};
  return output === undefined ? undefined : { command, output, brings: found?.brings ?? [] };
};
