// What a bundle is, as workerd reads it (Cap'n Proto's text), and as the host process does that loads it beside others. Pure.
import type { FunctionBundle, FunctionModule } from "@slipstream/contract/ports/function-bundle.ts";

export interface Settings {
  /** Path of the source's entry. */
  entry: string;
  style: "fetch" | "node" | "";
  compatibilityDate: string;
  compatibilityFlags: readonly string[];
  /** Where the host asks for scheduled(); undefined where nothing is scheduled. */
  scheduledPort?: number;
  process: FunctionBundle["process"];
}

/** What functions rely on, with the date from which on workerd has it by itself, and complains of being told. */
const standing: readonly (readonly [flag: string, since: string])[] = [
  ["nodejs_compat", "2026-08-04"],
  ["nodejs_compat_v2", "2024-09-23"],
  ["nodejs_compat_populate_process_env", "2025-04-01"],
  ["enable_nodejs_http_modules", "2025-08-15"],
  ["enable_nodejs_http_server_modules", "2025-09-01"],
];

const flagsOf = ({ compatibilityDate, compatibilityFlags }: Settings): string[] => {
  const isOld = (since: string): boolean => compatibilityDate < since;
  const missing = standing.filter(([, since]) => isOld(since)).map(([flag]) => flag);
  const own = compatibilityFlags.filter((flag) => !standing.some(([name, since]) => name === flag && !isOld(since)));
  return [...new Set([...missing, ...own])];
};

const mainFile = "function.mjs";

const kindOf = (path: string): FunctionModule["kind"] => (path.endsWith(".wasm") ? "wasm" : path.endsWith(".bin") ? "data" : "esModule");

/** Of the files of a bundle; the main one is first. Lines of stacks that name it name no file of the source. */
const modulesOf = (files: readonly string[]): FunctionModule[] => {
  const isMain = (path: string): boolean => path === mainFile;
  return [...files]
    .filter((path) => /\.(mjs|wasm|bin)$/.test(path))
    .sort((a, b) => Number(isMain(b)) - Number(isMain(a)) || (a < b ? -1 : 1))
    .map((file) => ({ name: isMain(file) ? "function" : file, kind: kindOf(file), file }));
};

const moduleLine = ({ name, kind, file }: FunctionModule): string => `  (name = ${JSON.stringify(name)}, ${kind} = embed ${JSON.stringify(file)}),`;

/** The start script says where "http" listens. */
const socketsOf = ({ scheduledPort }: Settings): string[] => [
  '  (name = "http", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "function"),',
  ...(scheduledPort === undefined
    ? []
    : [`  (name = "scheduled", address = "0.0.0.0:${scheduledPort}", http = (), service = (name = "function", entrypoint = "scheduled")),`]),
];

/** For Worker Loader. `files` are the names of the bundle and of what lies beside it. */
export const bundleDescription = (settings: Settings, files: readonly string[]): FunctionBundle => ({
  compatibilityDate: settings.compatibilityDate,
  compatibilityFlags: flagsOf(settings),
  modules: modulesOf(files),
  process: settings.process,
});

/** For a process of its own. */
export const bundleConfig = (settings: Settings, files: readonly string[]): string =>
  [
    'using Workerd = import "/workerd/workerd.capnp";',
    "const modules :List(Workerd.Worker.Module) = [",
    ...modulesOf(files).map(moduleLine),
    "];",
    "const sockets :List(Workerd.Socket) = [",
    ...socketsOf(settings),
    "];",
    `const compatibilityDate :Text = ${JSON.stringify(settings.compatibilityDate)};`,
    `const compatibilityFlags :List(Text) = ${JSON.stringify(flagsOf(settings))};`,
    "",
  ].join("\n");
