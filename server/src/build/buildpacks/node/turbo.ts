// Workspaces of Turborepo: where its build needs more tasks than the builds of other packages, only it knows which.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";
import { dependsOn, type PackageFile, parsePackageFile } from "./package-file.ts";

const Tasks = z.record(z.string(), z.object({ dependsOn: z.array(z.string()).default([]) })).default({});
/** `pipeline` is what releases before 2 call it. */
const Settings = z.object({ tasks: Tasks, pipeline: Tasks });

/** Comments are allowed in it; those at the ends of lines with text are left, as addresses look like them. */
const withoutComments = (text: string): string => text.replace(/^\s*\/\/.*$|\/\*[\s\S]*?\*\//gm, "").replace(/,(\s*[}\]])/g, "$1");

const settingsOf = (tree: SourceTree): z.infer<typeof Settings> | undefined => {
  try {
    return Settings.safeParse(JSON.parse(withoutComments(tree.read("turbo.json") ?? ""))).data;
  } catch {
    // Turborepo says what is wrong with it, to who runs it.
    return undefined;
  }
};

const needsMore = (tree: SourceTree): boolean => {
  const { tasks = {}, pipeline = {} } = settingsOf(tree) ?? {};
  const all = Object.entries({ ...pipeline, ...tasks });
  const isBefore = all.some(([name, task]) => name === "build" && task.dependsOn.includes("^build"));
  return isBefore && all.some(([name, task]) => /^(?:.+#)?build$/.test(name) && task.dependsOn.some((needed) => !/^\^?build$|^\$/.test(needed)));
};

/** Its cache is of no use to a build that has another folder; of variables it would pass on only those that it is told of. */
const run = (filter: string): string[] => ["turbo", "run", "build", `--filter=${filter}`, "--env-mode=loose"];

/** How it builds a package, or what that needs of the others alone; undefined where their build scripts do as well. */
export const turboBuilds = (tree: SourceTree, { name }: PackageFile): { itself: string[]; needed: string[] } | undefined => {
  const top = parsePackageFile(tree);
  if (name === undefined || top instanceof SlipError || !dependsOn(top, "turbo") || !needsMore(tree)) return undefined;
  return { itself: run(name), needed: run(`${name}^...`) };
};

export const turboEnvironment: Readonly<Record<string, string>> = { TURBO_TELEMETRY_DISABLED: "1", TURBO_CACHE_DIR: "/scratch/turbo" };
