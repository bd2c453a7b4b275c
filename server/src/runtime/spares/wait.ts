// What a spare runs, in its sandbox: Node is up, with what servers use loaded, and waits to be told which program it is. Who tells it has
// connected before, and has shown that it is the host process. Nothing of that is left afterwards: no handle, no thread, no listener.
import Module from "node:module";
import type { Socket } from "node:net";
import { resolve } from "node:path";

interface Program {
  /** The command, "node" first. */
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

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

const [, , port, secret] = process.argv;

const become = ({ args: [, file = "", ...rest], env, cwd }: Program): void => {
  const waitedSeconds = process.uptime();
  const uptime = process.uptime.bind(process);
  process.uptime = () => uptime() - waitedSeconds;
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv = [process.execPath, resolve(file), ...rest];
  // In a turn of its own, so that what it throws is its own: this is how `node FILE` begins as well.
  setImmediate(() => Module.runMain());
};

const listen = (socket: Socket): void => {
  let text = "";
  const take = (chunk: string): void => {
    text += chunk;
    if (!text.startsWith(`${secret}\n`)) return;
    // It is the host: nobody else is listened to.
    if (server.listening) server.close();
    if (text === `${secret}\n`) socket.write("waits\n");
  };
  const end = (): void => {
    if (server.listening) return;
    const program = JSON.parse(text.slice(text.indexOf("\n") + 1)) as Program;
    socket.on("close", () => become(program)).end();
  };
  socket.setEncoding("utf8").on("data", take).on("end", end);
  // The host process is gone, and the next one has no use for this.
  socket.on("error", () => server.listening || process.exit());
};

const server = process.getBuiltinModule("node:net").createServer({ allowHalfOpen: true }, listen).listen(Number(port), "0.0.0.0");
