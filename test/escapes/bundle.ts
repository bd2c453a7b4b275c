// A second sandbox beside a running instance: the same root, network and configuration, but for one barrier. Only a test makes one.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Results } from "./world.ts";

/** The parts of config.json that are changed. */
export interface Bundle {
  hostname: string;
  process: {
    args: string[];
    env: string[];
    user: { uid: number; gid: number };
    capabilities: Record<string, string[]>;
    noNewPrivileges: boolean;
    rlimits: { type: string; hard: number; soft: number }[];
  };
  mounts: { destination: string; type: string; source: string; options?: string[] }[];
  linux: {
    cgroupsPath: string;
    seccomp?: unknown;
    uidMappings?: unknown;
    gidMappings?: unknown;
    maskedPaths: string[];
    readonlyPaths: string[];
    namespaces: { type: string; path?: string }[];
    resources: { pids?: unknown; memory?: unknown };
  };
}

/** The configuration of the instance of an app. */
const bundleOf = (home: string, app: string): Bundle => {
  const instances = join(home, "run/instances");
  const all = readdirSync(instances).map((name): Bundle => JSON.parse(readFileSync(join(instances, name, "config.json"), "utf8")));
  const found = all.find(({ hostname }) => hostname === app);
  if (!found) throw new Error(`${app} has no instance.`);
  return found;
};

/** Makes attempts in a sandbox as `app`'s is, after `change`. */
export const attemptBeside = async (home: string, app: string, names: readonly string[], change: (bundle: Bundle) => void = () => {}): Promise<Results> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-barrier-"));
  const bundle = bundleOf(home, app);
  bundle.process.args = ["python3", "/app/attempts.py", ...names];
  bundle.linux.cgroupsPath += "-beside";
  change(bundle);
  writeFileSync(join(folder, "config.json"), JSON.stringify(bundle));
  try {
    const args = ["--root", join(folder, "state"), "run", "--bundle", folder, `beside-${process.pid}`];
    const { stdout } = await promisify(execFile)("runc", args, { timeout: 60_000 });
    return Results.parse(JSON.parse(stdout));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
