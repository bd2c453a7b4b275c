// What is in the box, in the order in which it is asked.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, Buildpack, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { node } from "./node/node.ts";
import { python } from "./python/python.ts";
import { staticSite } from "./static/static.ts";

const buildpacks: readonly Buildpack[] = [node, python, staticSite];

/** The plan of the buildpack that slip.toml names or that fits the tree. Throws `no_buildpack`, or what the buildpack throws. */
export const planOf = (tree: SourceTree, config: AppConfig): BuildPlan => {
  const named = config.build?.buildpack;
  const found = buildpacks.find((buildpack) => (named === undefined ? buildpack.detect(tree, config) !== undefined : buildpack.name === named));
  if (!found) throw new SlipError("no_buildpack");
  return found.plan(tree, config);
};
