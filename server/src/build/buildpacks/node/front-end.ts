// Front-end builds: which framework it is, and which folder its static site is built in.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { dependsOn, type PackageFile } from "./package-file.ts";

export interface FrontEnd {
  folders: readonly string[];
  /** Unknown paths answer with index.html: the app routes in the browser. */
  fallback: boolean;
}

const anyFolder: readonly string[] = ["dist", "build", "out", "public", "_site"];

const configText = (tree: SourceTree, name: string): string =>
  ["js", "mjs", "cjs", "ts", "mts"].map((extension) => tree.read(`${name}.config.${extension}`)).find((text) => text !== undefined) ?? "";

const settingOf = (text: string, key: string): string | undefined => new RegExp(`\\b${key}\\s*:\\s*["'\`]\\.?/?([\\w./-]+?)/?["'\`]`).exec(text)?.[1];

const angularFolders = (tree: SourceTree, file: PackageFile): string[] => {
  const path = /"outputPath"\s*:\s*"([^"]+)"/.exec(tree.read("angular.json") ?? "")?.[1] ?? `dist/${file.name ?? ""}`;
  return [`${path}/browser`, path, ...anyFolder];
};

const eleventyFolders = (tree: SourceTree): string[] => {
  const text = `${tree.read(".eleventy.js") ?? ""}${configText(tree, "eleventy")}`;
  return [settingOf(text, "output") ?? /setOutputDirectory\(["'`]([^"'`]+)/.exec(text)?.[1] ?? "_site"];
};

interface Framework {
  packages: readonly string[];
  site(tree: SourceTree, file: PackageFile): FrontEnd | undefined;
  /** Its command, for those whose guides write no script for it. */
  build?: readonly string[];
  /** An index.js at the top is what its pages begin with, and no server beside them. */
  ownsIndex?: true;
}

const fixed =
  (folder: string, fallback: boolean): Framework["site"] =>
  () => ({ folders: [folder], fallback });

/** Where one of these is, the build makes Nitro's server, whichever framework is on it. */
export const nitro: readonly string[] = ["nitro", "nitropack", "@solidjs/start", "@solidjs/vite-plugin-nitro-2", "@tanstack/nitro-v2-vite-plugin"];
export const qwik: readonly string[] = ["@builder.io/qwik-city", "@qwik.dev/router"];

/** The first whose package is a dependency decides. `site` is undefined when the framework is set to make a server. */
const frameworks: readonly Framework[] = [
  {
    packages: ["next"],
    site: (tree) =>
      /\boutput\s*:\s*["'`]export/.test(configText(tree, "next"))
        ? { folders: [settingOf(configText(tree, "next"), "distDir") ?? "out"], fallback: false }
        : undefined,
  },
  {
    packages: ["astro"],
    site: (tree) =>
      /\boutput\s*:\s*["'`](server|hybrid)|\badapter\s*:/.test(configText(tree, "astro"))
        ? undefined
        : { folders: [settingOf(configText(tree, "astro"), "outDir") ?? "dist"], fallback: false },
  },
  { packages: ["@sveltejs/adapter-static"], site: (tree) => ({ folders: [settingOf(configText(tree, "svelte"), "pages") ?? "build"], fallback: false }) },
  {
    packages: ["nuxt"],
    site: (_, { scripts }) => (/\bnux[it] generate\b/.test(scripts.build ?? "") ? { folders: [".output/public", "dist"], fallback: false } : undefined),
  },
  { packages: nitro, site: () => undefined },
  {
    packages: qwik,
    site: (tree) => (tree.paths.some((path) => path.startsWith("adapters/static/")) ? { folders: ["dist"], fallback: false } : undefined),
  },
  { packages: ["@tanstack/react-start", "@tanstack/solid-start"], site: () => undefined },
  { packages: ["@sveltejs/kit", "@remix-run/serve", "@react-router/serve", "@nestjs/core"], site: () => undefined },
  {
    packages: ["@react-router/dev"],
    site: (tree) => (/\bssr\s*:\s*false/.test(configText(tree, "react-router")) ? { folders: ["build/client"], fallback: true } : undefined),
  },
  { packages: ["react-scripts"], site: fixed("build", true) },
  { packages: ["@vue/cli-service"], site: fixed("dist", true) },
  { packages: ["@angular/cli"], site: (tree, file) => ({ folders: angularFolders(tree, file), fallback: true }) },
  { packages: ["gatsby"], site: fixed("public", false) },
  { packages: ["@docusaurus/core"], site: fixed("build", false) },
  { packages: ["vitepress"], site: () => ({ folders: [".vitepress/dist", "docs/.vitepress/dist", ...anyFolder], fallback: false }) },
  { packages: ["@11ty/eleventy"], build: ["eleventy"], site: (tree) => ({ folders: eleventyFolders(tree), fallback: false }) },
  { packages: ["expo"], build: ["expo", "export", "--platform", "web"], ownsIndex: true, site: fixed("dist", true) },
  { packages: ["vite"], site: (tree) => ({ folders: [settingOf(configText(tree, "vite"), "outDir") ?? "dist"], fallback: true }) },
  { packages: ["parcel"], site: fixed("dist", true) },
  { packages: ["ember-cli"], site: fixed("dist", true) },
];

/** The framework among the dependencies, undefined when there is none of those that are known. */
export const frontEndFramework = (file: PackageFile): Framework | undefined =>
  frameworks.find(({ packages }) => packages.some((name) => dependsOn(file, name)));

/** Undefined where a package starts something of its own. */
export const frontEndBuild = (file: PackageFile, start: string | undefined): string[] | undefined => {
  const build = start === undefined ? frontEndFramework(file)?.build : undefined;
  return build && [...build];
};

/** A library of components, whose only build is that of the pages which show them. */
const showsComponents = ({ scripts }: PackageFile): boolean => scripts["build-storybook"] !== undefined && scripts.build === undefined;

/** Where the static site of a package will be after its build, undefined when it makes none. The caller knows that there is a build script. */
export const frontEndOf = (tree: SourceTree, file: PackageFile): FrontEnd | undefined => {
  if (showsComponents(file)) return { folders: ["storybook-static"], fallback: false };
  const framework = frontEndFramework(file);
  return framework ? framework.site(tree, file) : { folders: anyFolder, fallback: false };
};
