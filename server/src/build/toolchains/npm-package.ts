// Tools that come as npm packages: fetched by the platform's own npm, no script of them is run.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { z } from "zod";
import { cleanEnv, exec } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { certificateBundle } from "./base.ts";

/** Folder of the npm that the platform brings. */
export const ownNpm = (): string => dirname(createRequire(import.meta.url).resolve("npm/package.json"));

const fetchMs = 180_000;

const environment = (home: Home, folder: string): Record<string, string> => ({
  ...cleanEnv,
  HOME: folder,
  npm_config_cache: join(home.cache, "npm"),
  ...(existsSync(certificateBundle) ? { NODE_EXTRA_CA_CERTS: certificateBundle } : {}),
});

const notFetched = (what: string, said: string): SlipError => {
  const evidence = said.trim().split("\n").slice(-5);
  if (/\bE(?:TARGET|404|NOVERSIONS)\b/.test(said)) return new SlipError("toolchain_unavailable", `The npm registry has no ${what}.`, { evidence });
  return new SlipError("toolchain_unavailable", `${what} could not be fetched from the npm registry.`, {
    evidence,
    next: ["Look whether this machine reaches the registry, and deploy again.", "Ask for the version that the platform has, or for any."],
  });
};

const Installed = z.object({ version: z.string() });

/**
 * Puts the package `name` at `range` into `folder`/node_modules and gives its folder and exact version.
 * Throws `toolchain_unavailable` with npm's own words.
 */
export const fetchPackage = async (home: Home, request: { name: string; range: string; folder: string }): Promise<{ folder: string; version: string }> => {
  const { name, range, folder } = request;
  await mkdir(folder, { recursive: true });
  const npm = join(ownNpm(), "bin", "npm-cli.js");
  const words = ["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--no-package-lock", "--omit=optional", "--force", "--prefix", folder];
  const ran = await exec([process.execPath, npm, ...words, "--", `${name}@${range}`], { env: environment(home, folder), cwd: folder, timeoutMs: fetchMs });
  if (ran.code !== 0) {
    await rm(folder, { recursive: true, force: true });
    throw notFetched(`${name} ${range}`, ran.stderr);
  }
  const installed = join(folder, "node_modules", name);
  return { folder: installed, version: Installed.parse(JSON.parse(await readFile(join(installed, "package.json"), "utf8"))).version };
};
