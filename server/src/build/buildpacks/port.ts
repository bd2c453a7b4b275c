// The port that an app is told to listen on: the one that its source has written down, where it has, so that either way is the same.
import type { AppConfig, Command } from "@slipstream/contract/config.ts";
import type { BuildPlan, SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const usual = 3_000;

export const portOf = (config: AppConfig): number => config.run?.port ?? usual;

/** Whoever reads the variable listens wherever it is told to. */
const readsPort = /\benv\.PORT\b|\benv(?:\.get)?\(?\[?["']PORT["']|\benviron(?:\.get)?[[(]["']PORT["']|\bgetenv\(["']PORT["']|\$\{?PORT\b/;

const port = "(\\d{4,5})\\b";
const inCommand: readonly RegExp[] = [
  new RegExp(`(?:--(?:server\\.|http-)?port|--listen|\\s-[pl])[= ]${port}`),
  new RegExp(`(?:0\\.0\\.0\\.0|\\[::\\]|\\s\\*):${port}`),
];

const javascript: readonly RegExp[] = [
  new RegExp(`\\.listen\\(\\s*${port}`),
  new RegExp(`\\b(?:listen|serve|server|bindAsync|startStandaloneServer)\\b[^;]{0,80}?\\bport:\\s*${port}`),
  new RegExp(`\\b(?:const|let|var)\\s+\\w*port\\s*(?::\\s*number\\s*)?=\\s*["']?${port}["']?\\s*[;,\\n]`, "i"),
  new RegExp(`\\benv\\.\\w+_PORT\\s*(?:\\|\\||\\?\\?)\\s*["']?${port}`),
  new RegExp(`["'\`](?:0\\.0\\.0\\.0|\\[::\\]|localhost|127\\.0\\.0\\.1):${port}["'\`]\\s*,\\s*\\w*\\.?ServerCredentials`),
];
const python: readonly RegExp[] = [
  new RegExp(`\\b(?:run|run_app|serve|Config|launch|TCPSite|start_server|create_server)\\([^)]{0,200}?\\bport\\s*=\\s*${port}`),
  new RegExp(`\\.listen\\(\\s*${port}`),
  new RegExp(`\\b\\w*Server\\(\\s*\\(\\s*["'][\\w.:]*["']\\s*,\\s*${port}`),
  new RegExp(`^\\w*PORT\\s*=\\s*${port}`, "im"),
  new RegExp(`--port["'][^)]{0,80}?\\bdefault\\s*=\\s*["']?${port}`),
  new RegExp(`\\badd_(?:in)?secure_port\\(\\s*f?["'][^"']*:${port}`),
];
/** Servers that are told no port, and where they listen then. */
const unsaid: readonly (readonly [RegExp, number])[] = [
  [/\bweb\.run_app\((?![^)]*\bport\b)/, 8_080],
  [/\bfrom nicegui\b[\s\S]*\bui\.run\((?![^)]*\bport\b)/, 8_080],
];

const isProgram = /^(?:[\w.-]+\/)?[\w-]+\.(?:(?:[cm]?[jt]s)|py)$/;
/** Files that are no part of what serves, or that say where a development server listens. */
const isOther =
  /(?:^|\/)(?:tests?|examples?|scripts|docs|public|static|node_modules|\.?venv)\/|\.config\.\w+$|(?:^|[/.])(?:test|spec|conftest|gulpfile|setup)\./i;

/** Where an app connects to: databases, queues, caches and mail. */
const ofOthers: ReadonlySet<number> = new Set([
  1_433, 1_521, 1_883, 2_379, 2_525, 3_306, 4_222, 5_432, 5_672, 6_379, 6_432, 9_042, 9_092, 9_200, 11_211, 27_017,
]);
const mayBeOwn = (each: number): boolean => each >= 1_024 && each <= 65_535 && !ofOthers.has(each);

const firstOf = (text: string, patterns: readonly RegExp[]): number | undefined =>
  patterns.map((pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN)).find(mayBeOwn);

const writtenIn = (path: string, text: string): number | undefined =>
  path.endsWith(".py") ? (firstOf(text, python) ?? unsaid.find(([pattern]) => pattern.test(text))?.[1]) : firstOf(text, javascript);

/** What starts first, then what is nearest to the top. */
const programs = (tree: SourceTree, line: string): string[] => {
  const rank = (path: string): number => (line.includes(path) ? 0 : path.split("/").length);
  return tree.paths.filter((path) => line.split(/\s/).includes(path) || (isProgram.test(path) && !isOther.test(path))).sort((a, b) => rank(a) - rank(b));
};

const writtenPort = (tree: SourceTree, command: Command): number | undefined => {
  const line = typeof command === "string" ? command : command.join(" ");
  if (readsPort.test(line)) return undefined;
  const said = firstOf(line, inCommand);
  if (said !== undefined) return said;
  const texts = programs(tree, line).map((path) => [path, tree.read(path) ?? ""] as const);
  if (texts.some(([, text]) => readsPort.test(text))) return undefined;
  const found = texts.flatMap(([path, text]) => writtenIn(path, text) ?? []);
  // One of several may be the port of something else: the usual one is the app's then.
  return found.includes(usual) ? usual : found[0];
};

/** What slip.toml says, else the source; with a line of the build's log where these are the same, and not the usual one. */
export const toldPort = (tree: SourceTree, config: AppConfig, command: Command): { port: number } & Pick<BuildPlan, "notes"> => {
  const written = writtenPort(tree, command);
  const told = config.run?.port ?? written ?? usual;
  if (told === usual || told !== written) return { port: told };
  return { port: told, notes: [`The source says port ${told}, so that is what the app has in PORT; [run] port in slip.toml can say another.`] };
};
