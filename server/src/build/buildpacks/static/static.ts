// Plain HTML: files that are served as they are.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Buildpack, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { siteProcess } from "./site.ts";

const folders: readonly string[] = ["", "public", "dist", "build", "site", "www", "html"];

const siteFolder = (tree: SourceTree): string | undefined =>
  folders.find((folder) => tree.paths.includes(folder === "" ? "index.html" : `${folder}/index.html`));

export const staticSite: Buildpack = {
  name: "static",
  detect(tree) {
    const folder = siteFolder(tree);
    return folder === undefined ? undefined : `${folder === "" ? "" : `${folder}/`}index.html`;
  },
  plan(tree, config) {
    const { command, output, buildpack } = config.build ?? {};
    const folder = output ?? siteFolder(tree);
    if (folder === undefined && command === undefined && buildpack !== "static") throw new SlipError("no_start_command", "There is no index.html to serve.");
    const runtime = siteProcess(config, false);
    return {
      buildpack: "static",
      ...runtime,
      tools: runtime.runtime.filter(({ name }) => name === "node"),
      install: undefined,
      build: command === undefined ? undefined : { name: typeof command === "string" ? command : command.join(" "), command, env: {}, failure: "build_failed" },
      output: [folder === undefined || folder === "" ? "." : folder],
    };
  },
};
