// Functions: a module whose default export answers requests. It is bundled, and runs in workerd.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, Buildpack, BuildStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { scheduledPort } from "@slipstream/contract/ports/scheduled.ts";
import type { Settings } from "../../functions/config.ts";
import { packageSteps } from "../node/node.ts";
import { parsePackageFile, readPackageFile } from "../node/package-file.ts";
import { declaredStart } from "../node/start.ts";
import { portOf } from "../port.ts";
import { functionEntry, usualEntry } from "./entry.ts";
import { readWrangler, type Wrangler, wranglerFile } from "./wrangler.ts";

/** What workerd does by default changes with the date that a function names; one that names none has this. */
export const defaultCompatibilityDate = "2026-11-01";
/** The last date that the pinned workerd knows. */
export const newestCompatibilityDate = "2026-11-17";

const noEntry = (): SlipError =>
  new SlipError("no_start_command", "Nothing says which file exports the function.", {
    next: ['Set [function] entry = "index.js" in slip.toml.', "Give index.js, index.ts, src/index.js or src/index.ts a default export with fetch()."],
  });

const settingsOf = (tree: SourceTree, config: AppConfig, wrangler: Wrangler | undefined): Settings => {
  const own = config.function ?? {};
  const entry = own.entry ?? wrangler?.main ?? usualEntry(tree, readPackageFile(tree));
  if (entry === undefined) throw noEntry();
  return {
    entry,
    style: own.style ?? "",
    compatibilityDate: own.compatibility_date ?? wrangler?.compatibilityDate ?? defaultCompatibilityDate,
    compatibilityFlags: own.compatibility_flags ?? wrangler?.compatibilityFlags ?? [],
    process: own.process ?? "shared",
    ...((own.schedule?.length ?? 0) > 0 ? { scheduledPort } : {}),
  };
};

/** Keys of slip.toml that mean nothing to a function. */
const checkKeys = ({ run, build }: AppConfig): void => {
  const wrong: readonly (readonly [isSaid: boolean, key: string, why: string])[] = [
    [run?.command !== undefined, "run.command", "the platform itself starts a function"],
    [build?.output !== undefined, "build.output", "the platform itself bundles a function"],
    [run?.protocol === "http2", "run.protocol", "a function speaks HTTP/1.1; clients may speak HTTP/2 all the same"],
    [run?.port === scheduledPort, "run.port", `a function cannot have the port ${scheduledPort}`],
  ];
  const [, key, why] = wrong.find(([isSaid]) => isSaid) ?? [];
  if (key === undefined) return;
  throw new SlipError("invalid_config", `${key}: ${why}.`, { file: "slip.toml", next: `Leave ${key} out.` });
};

const checkDate = ({ compatibilityDate }: Settings, config: AppConfig, tree: SourceTree): void => {
  if (compatibilityDate <= newestCompatibilityDate) return;
  const file = config.function?.compatibility_date === undefined ? wranglerFile(tree) : "slip.toml";
  throw new SlipError("invalid_config", `compatibility_date is ${compatibilityDate}; the newest that this platform knows is ${newestCompatibilityDate}.`, {
    ...(file === undefined ? {} : { file }),
    next: `Set compatibility_date = "${newestCompatibilityDate}", or an earlier one.`,
  });
};

const bundleStep = (settings: Settings): BuildStep => ({
  name: `bundle ${settings.entry}`,
  command: ["node", "/opt/functions/main.mjs", JSON.stringify(settings)],
  // It asks nobody anything, and Node would read all authorities at its start.
  env: { NODE_EXTRA_CA_CERTS: "" },
  failure: "build_failed",
});

const planOf = (tree: SourceTree, config: AppConfig): BuildPlan => {
  checkKeys(config);
  const wrangler = readWrangler(tree);
  const settings = settingsOf(tree, config, wrangler);
  checkDate(settings, config, tree);
  const { tools, install, build } = packageSteps(tree, readPackageFile(tree), config);
  return {
    buildpack: "function",
    runtime: [{ name: "workerd", version: "default" }],
    tools: [...tools, { name: "bundler", version: "default" }],
    install,
    build,
    bundle: bundleStep(settings),
    notes: wrangler?.notes ?? [],
    output: [".slipstream/function"],
    process: { command: ["/bin/sh", "/opt/function/start.sh"], env: wrangler?.variables ?? {}, port: portOf(config) },
  };
};

/** Control reads a schedule in the config: there it stands too where only a wrangler file says it. */
export const withTriggers = (tree: SourceTree, config: AppConfig): AppConfig => {
  if (wranglerFile(tree) === undefined || config.function?.schedule !== undefined) return config;
  if ((config.build?.buildpack ?? "function") !== "function" || functions.detect(tree, config) === undefined) return config;
  const crons = readWrangler(tree)?.crons ?? [];
  return crons.length === 0 ? config : { ...config, function: { ...config.function, schedule: [...crons] } };
};

export const functions: Buildpack = {
  name: "function",
  detect(tree, config) {
    if (config.function !== undefined) return "slip.toml";
    if (config.run?.command !== undefined || config.build?.output !== undefined) return undefined;
    const file = wranglerFile(tree);
    if (file !== undefined) return file;
    const packageFile = parsePackageFile(tree);
    if (packageFile instanceof SlipError || declaredStart(tree, packageFile, config) !== undefined) return undefined;
    return functionEntry(tree, packageFile);
  },
  plan: planOf,
};
