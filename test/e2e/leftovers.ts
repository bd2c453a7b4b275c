// What an installation that was stopped has left on the machine: there should be nothing.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const output = async (program: string, args: readonly string[]): Promise<string[]> => {
  try {
    return (await execute(program, args, { maxBuffer: 16 * 2 ** 20 })).stdout.split("\n").filter((line) => line !== "");
  } catch {
    return [];
  }
};

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
};

/** Processes that were started for `home`, by their command line or environment. */
export const processesOf = (home: string): { pid: number; command: string }[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: readOr(`/proc/${name}/cmdline`, "").replaceAll("\0", " "),
      environment: readOr(`/proc/${name}/environ`, ""),
    }))
    .filter(({ command, environment }) => command.includes(home) || environment.split("\0").includes(`SLIP_HOME=${home}`))
    .map(({ pid, command }) => ({ pid, command }));

/** Command lines of processes, of sandboxes too, that hold all the words. */
export const processesWith = (...words: readonly string[]): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => readOr(`/proc/${name}/cmdline`, "").replaceAll("\0", " "))
    .filter((command) => words.every((word) => command.includes(word)));

/** Deepest first. */
export const cgroupsOf = (id: string): Promise<string[]> => output("find", ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*${id}*`]);

const namespacesOf = async (id: string): Promise<string[]> => (await output("ip", ["netns", "list"])).filter((line) => line.includes(id));
const linksOf = async (id: string): Promise<string[]> => (await output("ip", ["-oneline", "link"])).filter((line) => line.includes(id));
const tablesOf = async (id: string): Promise<string[]> => (await output("nft", ["list", "tables"])).filter((line) => line.includes(id));

const mountsOf = (home: string): string[] =>
  readOr("/proc/self/mountinfo", "")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(home));

const workingIn = (home: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readlinkSync(`/proc/${name}/cwd`).startsWith(home);
      } catch {
        return false;
      }
    });

const look = async (id: string | undefined, home: string): Promise<string[]> => {
  const named = (kind: string, found: readonly string[]): string[] => found.map((each) => `${kind} ${each}`);
  const byId = id === undefined ? [] : await Promise.all([cgroupsOf(id), namespacesOf(id), linksOf(id), tablesOf(id)]);
  const [cgroups = [], namespaces = [], links = [], tables = []] = byId;
  return [
    ...named(
      "process",
      processesOf(home).map(({ pid, command }) => `${pid} ${command.slice(0, 200)}`),
    ),
    ...named("process in the folder", workingIn(home)),
    ...named("mount", mountsOf(home)),
    ...named("cgroup", cgroups),
    ...named("namespace", namespaces),
    ...named("interface", links),
    ...named("table", tables),
  ];
};

/** Everything of an installation that is still there; waits a moment, since processes take one to end. */
export const leftoversOf = async (id: string | undefined, home: string): Promise<string[]> => {
  for (let attempt = 0; ; attempt += 1) {
    const left = await look(id, home);
    if (left.length === 0 || attempt >= 20) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const killAll = (pids: readonly number[]): void => {
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
};

/** Removes by force what a failed test left, so that it does not disturb the next. */
export const removeLeftovers = async (id: string | undefined, home: string): Promise<void> => {
  killAll(processesOf(home).map(({ pid }) => pid));
  if (id !== undefined) {
    const cgroups = await cgroupsOf(id);
    killAll(cgroups.flatMap((folder) => readOr(join(folder, "cgroup.procs"), "").split("\n").filter(Boolean).map(Number)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const folder of cgroups) await output("rmdir", [folder]);
    for (const line of await namespacesOf(id)) await output("ip", ["netns", "delete", line.split(" ")[0] ?? ""]);
    for (const line of await linksOf(id)) await output("ip", ["link", "delete", (/^\d+: ([^@:]+)/.exec(line) ?? [])[1] ?? ""]);
    for (const line of await tablesOf(id)) await output("nft", ["delete", ...line.split(" ")]);
  }
  for (const path of mountsOf(home).reverse()) await output("umount", ["--lazy", path]);
};
