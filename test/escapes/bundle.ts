// A second sandbox beside a running instance or build step: the same root, network and configuration, but for one barrier. Only a test
// makes one.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { Results } from "./world.ts";

/** The parts of config.json that are changed. */
export interface Bundle {
  annotations?: unknown;
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

/** The host name of every sandbox of a build. */
export const ofBuild = "build";

/** Undefined where it is being made, or removed: those of others come and go meanwhile. */
const readBundle = (folder: string): Bundle | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Bundle;
  } catch {
    return undefined;
  }
};

/** The folder of the sandbox of an app, or of a build, and its configuration. */
const sandboxOf = (home: string, name: string): { folder: string; bundle: Bundle } => {
  const parent = join(home, name === ofBuild ? "run/runs" : "run/instances");
  const all = readdirSync(parent).flatMap((name) => {
    const folder = join(parent, name);
    const bundle = readBundle(folder);
    return bundle ? [{ folder, bundle }] : [];
  });
  const isOf = ({ hostname, process: { env } }: Bundle): boolean => (name === ofBuild ? hostname === ofBuild : env.includes(`SLIP_APP=${name}`));
  const found = all.find(({ bundle }) => isOf(bundle));
  if (!found) throw new Error(`${name} has no sandbox.`);
  return found;
};

/** crun where there are two hierarchies of control groups: what its conmon was told is there only until the sandbox is made. */
const withoutUnified = [
  "/usr/bin/unshare",
  "--mount",
  "--propagation=slave",
  "--",
  "/bin/sh",
  "-c",
  'umount /sys/fs/cgroup/unified && exec "$@"',
  "sh",
  "crun",
] as const;

/** The program that the sandbox in `folder` was started by, with its arguments, as its conmon was told; its records go to `root`. */
const runtimeOf = (folder: string, root: string): [string, ...string[]] => {
  const conmon = readFileSync(join(folder, "conmon.pid"), "utf8").trim();
  const words = readFileSync(`/proc/${conmon}/cmdline`, "utf8").split("\0");
  const program = words[words.indexOf("--runtime") + 1] ?? "";
  const args = words.flatMap((word) => (word.startsWith("--runtime-arg=") ? [word.slice("--runtime-arg=".length)] : []));
  const runtime = args.indexOf(join(folder, "runtime"));
  if (runtime >= 0) return [...withoutUnified, ...args.slice(runtime + 1)];
  return [program, ...args.map((arg) => (arg.startsWith("--root=") ? `--root=${root}` : arg))];
};

/** The exit code of a sandbox that the kernel has ended. */
const killed = 137;

const runIn = async (command: readonly [string, ...string[]]): Promise<Results> => {
  const [program, ...args] = command;
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 60_000 });
    return Results.parse(JSON.parse(stdout));
  } catch (error) {
    // gVisor is one process for the machine: all of it is ended by a limit, and nothing got through.
    if ((error as { code?: unknown }).code === killed) return {};
    throw error;
  }
};

/** Makes attempts in a sandbox as that of `hostname` is, after `change`. */
export const attemptBeside = async (
  home: string,
  hostname: string,
  names: readonly string[],
  change: (bundle: Bundle) => void = () => {},
): Promise<Results> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-barrier-"));
  const { folder: sandbox, bundle } = sandboxOf(home, hostname);
  bundle.process.args = ["python3", "/app/attempts.py", ...names];
  bundle.linux.cgroupsPath += "-beside";
  // It has the filter of system calls once more, compiled.
  delete bundle.annotations;
  change(bundle);
  writeFileSync(join(folder, "config.json"), JSON.stringify(bundle));
  try {
    return await runIn([...runtimeOf(sandbox, join(folder, "state")), "run", "--bundle", folder, basename(folder)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
