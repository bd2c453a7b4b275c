// What a spare runs, in its sandbox: Node is up, with what servers use loaded, and waits to be told which program it is. It waits by
// reading a named pipe, in which nothing of it is left afterwards: no handle, no thread, no listener.
import { readFileSync, writeFileSync } from "node:fs";
import Module from "node:module";
import { resolve } from "node:path";

/** Not imported: who imports them, looks at all that they export, and opens standard output by that. */
const loaded = [
  "child_process",
  "crypto",
  "dns",
  "http",
  "https",
  "querystring",
  "readline",
  "stream/promises",
  "timers/promises",
  "tls",
  "url",
  "util",
  "zlib",
];
for (const name of loaded) process.getBuiltinModule(`node:${name}`);

interface Program {
  /** The command, "node" first. */
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

writeFileSync("/run/spare/ready", "!");
const program = JSON.parse(readFileSync("/run/spare/begin", "utf8")) as Program;
const [, file = "", ...rest] = program.args;

const waitedSeconds = process.uptime();
const uptime = process.uptime.bind(process);
process.uptime = () => uptime() - waitedSeconds;
Object.assign(process.env, program.env);
process.chdir(program.cwd);
process.argv = [process.execPath, resolve(file), ...rest];
// In a turn of its own, so that what it throws is its own: this is how `node FILE` begins as well.
setImmediate(() => Module.runMain());
