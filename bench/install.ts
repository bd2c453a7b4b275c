// A build whose lock file has not changed, against `npm ci` of the same packages, with its cache filled.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DeployResult, type Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, median } from "./claim.ts";

const run = promisify(execFile);
const pairs = 20;
const warmUps = 2;
const goal = "≤ 0.05 ×";

const writeApp = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  const dependencies = { express: "5.1.0", zod: "4.1.0", pg: "8.16.3" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "with-packages", version: "1.0.0", scripts: { start: "node server.js" }, dependencies }));
};

const program = (round: number): string => `require("express");\n${nodeProgram(String(round))}`;

/** Milliseconds of the phase "build" of a deploy. */
const build = async (installation: Installation, folder: string): Promise<number> => {
  const result = DeployResult.parse(JSON.parse(await installation.expect(0, ["deploy", folder, "--sandbox", "runc", "--json"])));
  return result.phases.find(({ name }) => name === "build")?.ms ?? Number.NaN;
};

export const installClaims = async (installation: Installation): Promise<Claim[]> => {
  const parent = mkdtempSync(join(tmpdir(), "slip-bench-"));
  const folder = join(parent, "with-packages");
  const bare = join(parent, "bare");
  const npm = async (cwd: string, args: string[]): Promise<void> => void (await run("npm", [...args, "--no-audit", "--no-fund"], { cwd }));
  try {
    writeApp(folder);
    await npm(folder, ["install", "--package-lock-only"]);
    writeFileSync(join(folder, "server.js"), program(0));
    await run("cp", ["-r", folder, bare]);
    const installs: number[] = [];
    const builds: number[] = [];
    for (let round = -warmUps; round < pairs; round += 1) {
      const start = performance.now();
      await npm(bare, ["ci"]);
      const installMs = performance.now() - start;
      writeFileSync(join(folder, "server.js"), program(round));
      const buildMs = await build(installation, folder);
      if (round >= 0) {
        installs.push(installMs);
        builds.push(buildMs);
      }
    }
    const ratio = median(builds.map((ms, round) => ms / (installs[round] ?? Number.NaN)));
    const measured = `${ratio.toFixed(3)} × (${inMs(median(builds))} to ${inMs(median(installs))})`;
    return [{ name: "build with an unchanged lock file / npm ci with a filled cache", measured, goal, reached: ratio <= 0.05 }];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};
