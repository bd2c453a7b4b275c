// Looks at this machine. Every probe is harmless, bounded in time, and answers "no" where it cannot look.
import { readdirSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { diskOf } from "./disk-probe.ts";
import { exec } from "./exec.ts";
import type { Machine } from "./machine.ts";
import { isPortFree } from "./ports.ts";

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Programs and the words that make them say their version. */
const versionWords: Readonly<Record<string, readonly string[]>> = {
  runc: ["--version"],
  crun: ["--version"],
  conmon: ["--version"],
  runsc: ["--version"],
  ip: ["-Version"],
  nft: ["--version"],
  git: ["--version"],
  ssh: ["-V"],
  ps: ["--version"],
  perl: ["-e", "print $^V"],
  unshare: ["--version"],
  pivot_root: ["--version"],
  setpriv: ["--version"],
};

const versionOf = async (name: string): Promise<string | undefined> => {
  try {
    const { stdout, stderr } = await exec([name, ...(versionWords[name] ?? [])], { timeoutMs: 5_000 });
    return (stdout || stderr).split("\n")[0]?.trim() || "installed";
  } catch {
    return undefined;
  }
};

const programVersions = async (): Promise<Machine["programs"]> =>
  Object.fromEntries(await Promise.all(Object.keys(versionWords).map(async (name) => [name, await versionOf(name)] as const)));

/** Which cgroups are mounted, and what they can limit, out of /proc/self/mountinfo. Pure. */
export const cgroupOf = (mountInfo: string, unified: string): Pick<Machine, "cgroup" | "controllers"> => {
  const mounts = mountInfo.split("\n").map((line) => line.split(" - "));
  const v2 = mounts.some(([, how]) => how?.startsWith("cgroup2 "));
  const v1 = mounts.filter(([, how]) => how?.startsWith("cgroup "));
  if (v1.length === 0) return { cgroup: v2 ? "v2" : "none", controllers: unified.trim().split(/\s+/).filter(Boolean) };
  const controllers = v1.flatMap(([, how]) => how?.split(" ")[2]?.split(",") ?? []);
  return { cgroup: v2 ? "hybrid" : "v1", controllers };
};

const nftablesProblem = async (): Promise<string | undefined> => {
  try {
    const { code, stderr } = await exec(["nft", "--check", "table inet slip-doctor { }"], { timeoutMs: 5_000 });
    return code === 0 ? undefined : stderr.split("\n")[0] || "refuses rules";
  } catch {
    return "the program nft is missing";
  }
};

const memoryLine = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1_024;

const portsOf = (ports: readonly number[], running: boolean): Promise<Machine["ports"]> =>
  Promise.all(
    ports.filter((port) => port > 0).map(async (port) => ({ port, holder: running ? "ours" : (await isPortFree(port)) ? "free" : "other" }) as const),
  );

const knowsOverlay = (): boolean => /\boverlay$/m.test(read("/proc/filesystems")) || read(`/lib/modules/${release()}/modules.dep`).includes("/overlay.ko");

interface Wanted {
  home: string;
  ports: readonly number[];
  /** The ports are held by this installation. */
  running: boolean;
  sandboxes: Machine["sandboxes"];
}

export const probeMachine = async ({ home, ports, running, sandboxes }: Wanted): Promise<Machine> => {
  const [programs, nftables, portStates, disk] = await Promise.all([programVersions(), nftablesProblem(), portsOf(ports, running), diskOf(home)]);
  const memory = read("/proc/meminfo");
  return {
    root: process.getuid?.() === 0,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(read("/etc/os-release"))?.[1] ?? "an unknown system",
    apt: readdirSync("/etc").includes("debian_version"),
    kernel: release(),
    architecture: arch(),
    ...cgroupOf(read("/proc/self/mountinfo"), read("/sys/fs/cgroup/cgroup.controllers")),
    programs,
    overlay: knowsOverlay(),
    nftables,
    ipForward: read("/proc/sys/net/ipv4/ip_forward").trim() === "1",
    disk,
    memoryBytes: memoryLine(memory, "MemTotal"),
    availableMemoryBytes: memoryLine(memory, "MemAvailable"),
    ports: portStates,
    sandboxes,
  };
};
