// The build part of what the host answers.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import type { hostCalls } from "@slipstream/contract/ports/host.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import type { Handlers } from "#platform/calls.ts";
import type { Home } from "#platform/home.ts";
import { withTriggers } from "./buildpacks/function/function.ts";
import { withPort } from "./buildpacks/list.ts";
import { treeOfApp } from "./buildpacks/package-of-workspace.ts";
import { withRelease } from "./buildpacks/procfile.ts";
import { Builds } from "./builds.ts";
import { collectGarbage } from "./collect.ts";
import { configOf } from "./config/config-file.ts";
import type { BuildDependencies } from "./context.ts";
import { fetchGit } from "./git/git.ts";
import { ArtifactCheck, foundOfBuilds, sweepBuilds } from "./inspection.ts";
import { LayerCheck } from "./layer-check.ts";
import { look } from "./look.ts";
import { readManifest } from "./sources/manifest.ts";
import { storedTree } from "./sources/tree.ts";
import { baseLayer, toolchainLayer } from "./toolchains/toolchains.ts";

export type { BuildDependencies } from "./context.ts";

type BuildCalls = Pick<typeof hostCalls, "fetchGit" | "readConfig" | "build" | "cancelBuild" | "collect">;

/** What the host adds of builds to its status and to the audit. */
export interface BuildAccount {
  buildsUnderway: () => string[];
  found: () => MachineThing[];
  incomplete: (artifacts: readonly string[]) => Promise<string[]>;
  sweep: (things: readonly MachineThing[], artifacts: readonly string[]) => Promise<MachineThing[]>;
  layers: LayerCheck;
}

/** With what other files say in place of slip.toml. */
const completeConfig = (tree: SourceTree, config: AppConfig): AppConfig => {
  const app = treeOfApp(tree, config);
  return withPort(tree, withRelease(app, withTriggers(app, config)));
};

/** Handlers of the calls, and the account of builds. */
export const buildHandlers = (dependencies: BuildDependencies): Handlers<BuildCalls> & BuildAccount => {
  const builds = new Builds(dependencies);
  const { home } = dependencies;
  const check = new ArtifactCheck(home);
  return {
    fetchGit: (request, signal) => fetchGit(dependencies, request, signal),
    async readConfig({ tenant, source, package: folder }) {
      const tree = storedTree(home, tenant, readManifest(home, tenant, source));
      return look(() => ({ config: completeConfig(tree, configOf(tree, folder)) }));
    },
    build: (spec) => builds.build(spec),
    async cancelBuild({ id }) {
      await builds.cancel(id);
      return {};
    },
    collect: (kept) => collectGarbage(dependencies, kept, builds.leased),
    buildsUnderway: () => builds.underway,
    found: () => foundOfBuilds(home),
    incomplete: (artifacts) => check.incomplete(artifacts),
    async sweep(things, artifacts) {
      await check.removeDamaged(artifacts);
      return sweepBuilds(home, things, builds.underway);
    },
    layers: new LayerCheck(home, builds.leased),
  };
};

/** Makes the layers that nearly every app needs, so that the first deployment does not wait for them. Needs no network. */
export const prepareToolchains = async (home: Home): Promise<void> => {
  await baseLayer(home);
  for (const name of ["node", "npm", "static"] as const) await toolchainLayer(home, { name, version: "default" });
};

/** What a killed host process left of its builds is removed. To be called before the first build. */
export { recoverBuilds } from "./recover.ts";
