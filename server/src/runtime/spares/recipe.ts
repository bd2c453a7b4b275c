// Which spare could become an instance: one that differs from it in nothing that is decided before a program begins.
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Image } from "#platform/oci/image.ts";
import { appFolder, isOfApp } from "../app-layers.ts";
import { type RuntimeName, runtimeNames, runtimeOf } from "./runtimes.ts";
import type { Layers, Program, WaitingRuntime } from "./waiting-runtime.ts";

export interface Recipe {
  runtime: RuntimeName;
  /** By which it is started. */
  command: string;
  kind: SandboxKind;
  /** The layers below those of the app, lowest first. */
  layers: readonly string[];
  memoryBytes: number;
  cpus: number;
  /** The variables that the runtime itself reads when it starts. */
  env: Readonly<Record<string, string>>;
}

/** What an instance is made of. */
export interface Start {
  spec: Pick<WorkloadSpec, "memoryBytes" | "cpus">;
  image: Image;
  kind: SandboxKind;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** Read once, when a process starts; a spare may have them before it knows its app. */
const early = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;

/** As these are, but they can name files of the app, or change what any runtime is. */
const unfit = /^(?:LD_|MALLOC_|GLIBC_|LOCPATH|OPENSSL_|SSL_)/;

const isPath = /PATH$/;

/** Nothing of the app is looked for before it is there: that it was not found would be remembered. */
const withoutApp = (path: string): string =>
  path
    .split(":")
    .filter((folder) => !folder.startsWith(appFolder))
    .join(":");

const earlyOf = (env: Readonly<Record<string, string>>, runtime: WaitingRuntime): Record<string, string> => {
  const read = Object.entries(env).filter(([name]) => early.test(name) || runtime.early.test(name));
  return Object.fromEntries(read.map(([name, value]) => [name, isPath.test(name) ? withoutApp(value) : value] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** Undefined where the app is not in layers of its own, above all others. */
const layersOf = ({ layers }: Image): Layers | undefined => {
  const first = layers.findIndex(isOfApp);
  const [below, app] = first < 0 ? [layers, []] : [layers.slice(0, first), layers.slice(first)];
  return below.length > 0 && app.length > 0 && app.every(isOfApp) ? { below, app } : undefined;
};

/** The runtime that could become a program, with its command. */
const waitingFor = (kind: SandboxKind, program: Program, layers: Layers): Pick<Recipe, "runtime" | "command"> | undefined => {
  for (const runtime of runtimeNames) {
    const { unfit: unfitHere, commandFor } = runtimeOf(runtime);
    const isUnfit = Object.keys(program.env).some((name) => unfitHere.test(name));
    const command = isUnfit ? undefined : commandFor(program, layers, kind);
    if (command !== undefined) return { runtime, command };
  }
  return undefined;
};

/** The recipe of a start, with the layers of its app; undefined where no spare can take its place. */
export const recipeOf = ({ spec, image, kind, args, env }: Start): { recipe: Recipe; app: readonly string[] } | undefined => {
  if (image.config.cwd !== appFolder || Object.keys(env).some((name) => unfit.test(name))) return undefined;
  const layers = layersOf(image);
  const waiting = layers && waitingFor(kind, { args, env, cwd: image.config.cwd }, layers);
  if (!waiting) return undefined;
  const { memoryBytes, cpus } = spec;
  return { recipe: { ...waiting, kind, layers: layers.below, memoryBytes, cpus, env: earlyOf(env, runtimeOf(waiting.runtime)) }, app: layers.app };
};

/** The same for recipes that are the same. Pure. */
export const keyOf = ({ runtime, command, kind, layers, memoryBytes, cpus, env }: Recipe): string =>
  JSON.stringify([runtime, command, kind, layers, memoryBytes, cpus, Object.entries(env)]);

/** Which spares should wait when these were asked for last, newest last: what was started is the likeliest to be started again. Pure. */
export const wantedSpares = (asked: readonly Recipe[], most: number): Recipe[] => (most <= 0 ? [] : asked.slice(-most));

/** So many spares as a share of the free memory holds. Pure. */
export const sparesIn = (freeBytes: number, { spares, percent, each }: { spares: number; percent: number; each: number }): number =>
  Math.min(spares, Math.floor((freeBytes * percent) / 100 / each));
