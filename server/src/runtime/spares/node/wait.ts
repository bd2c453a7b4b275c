// What a spare runs, in its sandbox: Node is up, with what servers use loaded, and waits to be told which program it is. Who tells it has
// connected before, and has shown that it is the host process. Nothing of that is left afterwards: no handle, no thread, no listener.
import Module from "node:module";
import type { AddressInfo, Socket } from "node:net";
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
/** More of them made no difference. */
const rehearsals = 5;
for (const name of loaded) process.getBuiltinModule(`node:${name}`);

const [, , port] = process.argv;
/** Not of the command line, which every user of the machine can read. */
const { SLIP_SPARE: secret } = process.env;
if (!secret) throw new Error("It was not said by what the host process is known.");
const greeting = `${secret}\n`;

const become = ({ args: [, file = "", ...rest], env, cwd }: Program): void => {
  const waitedSeconds = process.uptime();
  const uptime = process.uptime.bind(process);
  process.uptime = () => uptime() - waitedSeconds;
  delete process.env.SLIP_SPARE;
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv = [process.execPath, resolve(file), ...rest];
  // In a turn of its own, so that what it throws is its own: this is how `node FILE` begins as well.
  setImmediate(() => Module.runMain());
};

const guests = new Set<Socket>();

/** It is the host process: nobody else is listened to from here on. */
const welcome = (host: Socket): void => {
  server.close();
  for (const guest of guests) if (guest !== host) guest.destroy();
  host.write("waits\n");
};

/** Before its first line the connection is gone. */
const hear = (host: Socket, line: string): void => {
  const program = JSON.parse(line) as Program;
  host.on("close", () => become(program)).write("heard\n", () => host.destroy());
};

const listen = (socket: Socket): void => {
  let text = "";
  const isHost = (): boolean => text.startsWith(greeting);
  const take = (chunk: string): void => {
    const wasHost = isHost();
    text += chunk;
    if (!wasHost && isHost()) welcome(socket);
    if (!greeting.startsWith(text.slice(0, greeting.length))) return void socket.destroy();
    if (text.length > greeting.length && text.endsWith("\n")) hear(socket, text.slice(greeting.length));
  };
  guests.add(socket);
  // When the host process is gone there is nothing left to wait for, and this ends by itself.
  socket
    .setEncoding("utf8")
    .on("data", take)
    .on("end", () => socket.destroy())
    .on("error", () => {});
};

/**
 * Goes through all that a server does, from listening to its answer: what Node reads and compiles of itself on the way it does so at the first
 * time, which else were the first request. In a network that nobody else is in.
 */
const rehearse = async (): Promise<void> => {
  const http = process.getBuiltinModule("node:http");
  const server = http.createServer((_, answer) => answer.end("ok"));
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address() as AddressInfo;
  for (let times = 0; times < rehearsals; times += 1)
    await new Promise<void>((over) => http.get({ host: "127.0.0.1", port, agent: false }, (answer) => answer.resume().on("close", over)));
  await new Promise((closed) => server.close(closed));
};

await rehearse();

const server = process.getBuiltinModule("node:net").createServer(listen).listen(Number(port), "0.0.0.0");
