// Programs for the test of spares. They run in a sandbox, as plain JavaScript.

/** Tells all that a program can see of how it was started. */
export const tellingProgram = `
const fs = require("node:fs"), os = require("node:os"), http = require("node:http");
const text = (path) => { try { return fs.readFileSync(path, "utf8"); } catch (error) { return error.code; } };
const seen = () => ({
  argv: process.argv, execArgv: process.execArgv, execPath: process.execPath, cwd: process.cwd(), pid: process.pid, uids: [process.getuid(), process.getgid()],
  main: [require.main === module, process.mainModule === module, module.id, module.parent ?? null, __filename, module.paths], loaded: Object.keys(require.cache),
  env: process.env, names: [os.hostname(), text("/etc/hosts"), text("/etc/hostname")],
  upSeconds: process.uptime(), mounts: text("/proc/mounts").split("\\n"), umask: process.umask(), handles: process.getActiveResourcesInfo(), listeners: process.eventNames(), globals: Object.keys(globalThis),
  files: fs.readdirSync("/proc/self/fd").length, status: /CapEff.*|NoNewPrivs.*|Seccomp:.*/g[Symbol.match](text("/proc/self/status")),
  limits: text("/proc/self/limits"), memory: os.totalmem(), constrained: process.constrainedMemory(), locale: Intl.DateTimeFormat().resolvedOptions(),
  app: [fs.readdirSync("/app"), fs.statSync("/app").mode], writable: ["/x", "/app/x", "/run/x", "/run/spare/x", "/etc/x"].map((path) => { try { fs.writeFileSync(path, ""); return path; } catch { return "no"; } }),
});
const first = seen();
http.createServer((request, response) => {
  if (request.url === "/crash") setTimeout(() => process.exit(7), 5);
  response.end(JSON.stringify(first));
}).listen(process.env.PORT, process.env.HOST);
`;

/** The same of a module. */
export const tellingModule = `
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
const self = await readFile(new URL(import.meta.url), "utf8");
const seen = JSON.stringify({ main: import.meta.main, file: import.meta.filename, length: self.length, argv: process.argv, require: typeof require });
createServer((_, response) => response.end(seen)).listen(process.env.PORT, process.env.HOST);
`;

/** Tells how it was told of what it throws while it is loaded. */
export const throwingProgram = `
let seen;
process.on("uncaughtException", (error, origin) => { seen = origin + ": " + error.message; });
require("node:http").createServer((_, response) => response.end(seen)).listen(process.env.PORT, process.env.HOST);
throw new Error("at once");
`;
