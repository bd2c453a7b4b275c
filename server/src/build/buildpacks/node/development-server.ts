// Start scripts that run a development server: it must not serve a release, and compiles into files that are read-only there.

/** What stands in front of a program and changes nothing of what it is. */
const before = /^((npx|bunx|yarn|pnpm exec|cross-env|[A-Za-z_]\w*=\S*)\s+)*/;

const programs =
  /^(react-scripts start|craco start|react-app-rewired start|vite(\s+(dev|serve|preview))?(\s+-.*)?$|vite dev|astro (dev|preview)|next dev|nux[it] (dev|preview)|remix (dev|vite:dev)|react-router dev|nest start|ng serve|ember (s|serve|server)\b|(storybook dev|start-storybook)\b|vue-cli-service serve|parcel(\s+serve)?\s|webpack(-dev-server|\s+serve)|rsbuild (dev|preview)|rspack serve|gatsby (develop|serve)|docusaurus (start|serve)|vitepress (dev|preview)|vuepress dev|(@11ty\/)?eleventy\s.*--(serve|watch)|serve\s|http-server|live-server|wrangler dev|expo start|node ace serve)/;

/** The script of the package that another one runs and nothing else. */
const called = /^(?:npm run|yarn(?: run)?|pnpm(?: run)?|bun run)\s+([\w:.-]+)$/;

export const isDevelopmentServer = (script: string, scripts: Readonly<Record<string, string>> = {}): boolean => {
  const line = script.trim();
  const inner = scripts[called.exec(line)?.[1] ?? ""];
  return programs.test(line.replace(before, "")) || (inner !== undefined && inner !== script && isDevelopmentServer(inner));
};
