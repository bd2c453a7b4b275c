// A machine with an internet of its own, for tests of the firewall that run in new network and mount namespaces. The "internet" is one
// namespace behind the machine's uplink, which has the addresses of everything outside.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { exec, execOrThrow } from "#platform/exec.ts";

const listening = (host: string, list: readonly number[]): string =>
  `const net = require("node:net"); let open = ${list.length}; for (const port of ${JSON.stringify(list)}) net.createServer((s) => { s.on("error", () => {}); s.end("x"); }).listen(port, "${host}", () => { if (--open === 0) console.log("ready"); })`;

const reaches = `const net = require("node:net"); const [host, port, timeoutMs] = process.argv.slice(1);
const s = net.connect({ host, port: Number(port), timeout: Number(timeoutMs) }); s.on("connect", () => { console.log("yes"); process.exit(); });
s.on("timeout", () => { console.log("no"); process.exit(); }); s.on("error", (e) => { console.log(e.code === "ECONNREFUSED" ? "refused" : "no"); process.exit(); });`;

/** What starts a program in the network at `path`. */
export const within = (path: string): [string, ...string[]] => ["nsenter", `--net=${path}`];
export const outside = "/run/netns/outside";

const children: ReturnType<typeof spawn>[] = [];

/** Runs a Node program until `endAll`; resolves with the first that it prints. */
export const runNode = async (prefix: readonly string[], program: string): Promise<void> => {
  const [first = process.execPath, ...args] = [...prefix, process.execPath, "-e", program];
  const child = spawn(first, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
};

/** Answers on ports of a network. */
export const listen = (prefix: readonly string[], ports: readonly number[], host = "0.0.0.0"): Promise<void> => runNode(prefix, listening(host, ports));

export const endAll = (): void => {
  for (const child of children) child.kill("SIGKILL");
};

/** `yes`, `no` or `refused`. */
export const connect = async (prefix: readonly string[], host: string, port: number, timeoutMs = 700): Promise<string> => {
  const [program = "", ...args] = [...prefix, process.execPath, "-e", reaches, host, `${port}`, `${timeoutMs}`];
  return (await exec([program, ...args], { timeoutMs: 30_000 })).stdout.trim();
};

export const ip = async (commands: readonly string[], namespace?: string): Promise<void> => {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await execOrThrow(["ip", ...where, "-batch", "-"], { input: `${commands.join("\n")}\n` });
};

/** Makes the internet, with these IPv4 addresses in it; the machine's own is 203.0.113.2. */
export const makeOutside = async (addresses: readonly string[]): Promise<void> => {
  mkdirSync("/run/netns", { recursive: true });
  await execOrThrow(["mount", "-t", "tmpfs", "none", "/run/netns"]);
  await ip([
    "netns add outside",
    "link set lo up",
    "link add uplink type veth peer name eth0 netns outside",
    "addr add 203.0.113.2/24 dev uplink",
    "link set uplink up",
    "route add default via 203.0.113.1",
  ]);
  const there = addresses.map((address) => `addr add ${address}/32 dev lo`);
  await ip(["link set lo up", "addr add 203.0.113.1/24 dev eth0", "link set eth0 up", ...there], "outside");
};
