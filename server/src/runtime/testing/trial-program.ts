// What the tests' program does; each path of it is one thing to look at from outside. It runs in the sandbox, as plain JavaScript.

export const trialProgram = `
const http = require("node:http"), fs = require("node:fs"), { spawnSync } = require("node:child_process");
const attempt = (act) => { try { act(); return "done"; } catch (error) { return error.code ?? String(error); } };
const run = (program, ...args) => { const { status, stderr, error } = spawnSync(program, args); return error ? error.code : status + " " + String(stderr).trim(); };
let working;
const pages = {
  "/": () => "ok",
  "/env": () => JSON.stringify(process.env),
  "/status": () => fs.readFileSync("/proc/self/status", "utf8"),
  "/confined": () => JSON.stringify({
    uid: process.getuid(),
    pid: process.pid,
    root: attempt(() => fs.writeFileSync("/x", "")),
    app: attempt(() => fs.writeFileSync("/app/x", "")),
    tmp: attempt(() => fs.writeFileSync("/tmp/x", "")),
    output: attempt(() => fs.closeSync(fs.openSync("/dev/stdout", "w"))),
    users: fs.readFileSync("/proc/self/uid_map", "utf8"),
    sysctl: attempt(() => fs.writeFileSync("/proc/sys/kernel/hostname", "x")),
    processes: fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).length,
    mount: run("mount", "-t", "tmpfs", "none", "/tmp"),
    namespace: run("unshare", "--user", "--map-root-user", "/bin/sh", "-c", "exit 0"),
    resolv: fs.readFileSync("/etc/resolv.conf", "utf8"),
    user: require("node:os").userInfo().username,
  }),
  "/say": (url) => { console.log(url.searchParams.get("text")); return "said"; },
  "/flood": (url) => { for (let n = 0; n < Number(url.searchParams.get("lines")); n++) console.log("line " + n); return "said"; },
  "/burn": (url) => { for (const end = Date.now() + Number(url.searchParams.get("ms")); Date.now() < end; ); return "burnt"; },
  "/work": () => { working ??= setInterval(() => { for (const end = Date.now() + 40; Date.now() < end; ); }, 50); return "working"; },
  "/rest": () => { clearInterval(working); working = undefined; return "resting"; },
  "/crash": () => { setTimeout(() => process.exit(7), 5); return "bye"; },
  "/eat": () => { const all = []; setInterval(() => { for (let n = 0; n < 32; n++) all.push(Buffer.alloc(2 ** 20, 1)); }, 1); return "eating"; },
  "/fork": () => JSON.stringify(Array.from({ length: 600 }, () => { try { return require("node:child_process").spawn("/bin/sh", ["-c", "read x"]).on("error", () => {}).pid !== undefined; } catch { return false; } }).filter(Boolean).length),
};
console.log("started " + process.env.TOKEN);
http.createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  response.end((pages[url.pathname] ?? pages["/"])(url));
}).listen(Number(process.env.PORT), process.env.HOST);
process.on("SIGTERM", () => { console.log("asked to end"); process.exit(0); });
`;
