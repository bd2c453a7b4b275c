// A start script that builds before it starts: an app's files are read-only while it runs, so that is part of the build.
import { isDevelopmentServer } from "./development-server.ts";
import type { PackageFile } from "./package-file.ts";

const runs = "(?:npm run|npm run-script|yarn(?: run)?|pnpm(?: run)?|bun run)(?: -s| --silent)?";
const builds = new RegExp(
  `^(?:${runs} [\\w.:-]*(?:build|compile|tsc|transpile|bundle)[\\w.:-]*|(?:npx )?(?:tsc|tsup|swc|esbuild|rollup -c|webpack|babel|(?:vite|next|nest|astro|nuxt|nuxi|remix) build|prisma generate)(?: [\\w./:@=, -]+)?)$`,
);
/** Watchers go on, and so are what starts. */
const watches = /\s(?:-w|--watch|serve)\b/;
const isBuild = (part: string): boolean => builds.test(part) && !watches.test(part);
const partsOf = (line: string | undefined): string[] => (line ?? "").split("&&").flatMap((part) => part.trim() || []);

interface StartScript {
  /** What it builds first. */
  builds: readonly string[];
  /** What starts then; undefined where that is nothing, or a development server. */
  start: string | undefined;
}

/** npm runs prestart before start; the program itself then has no npm around it. */
export const startScriptOf = ({ scripts }: PackageFile): StartScript => {
  if (scripts.start === undefined) return { builds: [], start: undefined };
  const before = partsOf(scripts.prestart);
  const all = partsOf(scripts.start);
  const at = all.findIndex((part) => !isBuild(part));
  const leading = at < 0 ? [] : all.slice(0, at);
  const start = leading.length === 0 ? scripts.start : all.slice(at).join(" && ");
  const onlyBuilds = before.every(isBuild);
  const found = onlyBuilds ? [...before, ...leading] : leading;
  if (isDevelopmentServer(start, scripts)) return { builds: found, start: undefined };
  return { builds: found, start: onlyBuilds ? start : `{ ${scripts.prestart}; } && ${start}` };
};
