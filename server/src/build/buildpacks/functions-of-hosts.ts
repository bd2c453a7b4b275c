// Functions that other platforms run beside a site, by the folder that they are in: here a site is pages alone, and nobody answers at their paths.
import type { BuildPlan, SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const hosts: readonly (readonly [host: string, file: RegExp])[] = [
  ["Cloudflare Pages", /^functions\/.+\.[cm]?[jt]sx?$/],
  ["Netlify", /^netlify\/(?:edge-)?functions\/.+\.(?:[cm]?[jt]sx?|py|go)$/],
  ["Vercel", /^api\/.+\.(?:[cm]?[jt]sx?|py|go)$/],
];

const isSite = ({ runtime }: BuildPlan): boolean => runtime.some(({ name }) => name === "static");

/** A line for whoever deploys it, where the plan is that of a site. */
export const unrunFunctions = (tree: SourceTree, plan: BuildPlan): string[] => {
  if (!isSite(plan)) return [];
  return hosts.flatMap(([host, file]) => {
    const path = tree.paths.find((each) => file.test(each) && !/\.d\.ts$|\.test\./.test(each));
    if (path === undefined) return [];
    return [
      `${path} is a function as ${host} runs them, and is not run here: the pages are served without it. Deploy it as an app of its own, with 'export default { fetch }' and 'slip deploy SOURCE --subfolder FOLDER', and lead its path there with [[routes]] in its slip.toml.`,
    ];
  });
};
