// Which spare could become an instance: one that differs from it in nothing that is decided before a program begins.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Image } from "#platform/oci/image.ts";

export interface Recipe {
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

/** Where every artifact of ours has its app, and where it is started. */
const appFolder = "/app";

/** Read once, when a process starts; a spare may have them before it knows its app. */
const early = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;

/** As these are, but they can name files of the app, or change what the runtime is. */
const unfit = /^(?:NODE_(?!ENV$)|UV_|LD_|MALLOC_|GLIBC_|LOCPATH|OPENSSL_|SSL_|ICU_)/;

/** `node FILE …`, with no options of Node. */
const isPlain = ([program, file]: readonly string[]): boolean => program === "node" && file !== undefined && !file.startsWith("-");

const isOfApp = (layer: string): boolean => readdirSync(layer).every((name) => `/${name}` === appFolder);

/** A package may bring a Node of its own. */
const bringsNode = (layer: string): boolean => existsSync(join(layer, appFolder, "node_modules/.bin/node"));

/** Nothing of the app is looked for before it is there: that it was not found would be remembered. */
const withoutApp = (path: string): string =>
  path
    .split(":")
    .filter((folder) => !folder.startsWith(appFolder))
    .join(":");

const earlyOf = (env: Readonly<Record<string, string>>): Record<string, string> => {
  const read = Object.entries(env).filter(([name]) => early.test(name));
  return Object.fromEntries(read.map(([name, value]) => [name, name === "PATH" ? withoutApp(value) : value] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** The recipe of a start, with the layers of its app; undefined where no spare can take its place. */
export const recipeOf = ({ spec, image, kind, args, env }: Start): { recipe: Recipe; app: readonly string[] } | undefined => {
  if (!isPlain(args) || image.config.cwd !== appFolder || Object.keys(env).some((name) => unfit.test(name))) return undefined;
  const first = image.layers.findIndex(isOfApp);
  const [layers, app] = first < 0 ? [image.layers, []] : [image.layers.slice(0, first), image.layers.slice(first)];
  if (layers.length === 0 || app.length === 0 || !app.every((layer) => isOfApp(layer) && !bringsNode(layer))) return undefined;
  return { recipe: { kind, layers, memoryBytes: spec.memoryBytes, cpus: spec.cpus, env: earlyOf(env) }, app };
};

/** The same for recipes that are the same. Pure. */
export const keyOf = ({ kind, layers, memoryBytes, cpus, env }: Recipe): string => JSON.stringify([kind, layers, memoryBytes, cpus, Object.entries(env)]);

/** Which spares should wait when these were asked for last, newest last: what was started is the likeliest to be started again. Pure. */
export const wantedSpares = (asked: readonly Recipe[], most: number): Recipe[] => (most <= 0 ? [] : asked.slice(-most));

/** So many spares as a share of the free memory holds. Pure. */
export const sparesIn = (freeBytes: number, { spares, percent, each }: { spares: number; percent: number; each: number }): number =>
  Math.min(spares, Math.floor((freeBytes * percent) / 100 / each));
