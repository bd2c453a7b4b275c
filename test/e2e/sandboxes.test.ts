import assert from "node:assert/strict";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { Installation } from "./installation.ts";
import { newTree } from "./sources.ts";

/** Answers a question about its own sandbox at each path; connects where ?to=host:port says. */
const probe = `
const fs = require("node:fs"), http = require("node:http"), net = require("node:net"), os = require("node:os");
const attempt = (action) => { try { return String(action()); } catch (error) { return error.code ?? error.message; } };
const connect = (to) => new Promise((resolve) => {
  const [, host, port] = /^(.*):(\\d+)$/.exec(to);
  const socket = net.connect({ host, port: Number(port), timeout: 1500 });
  socket.on("connect", () => { resolve("connected"); socket.destroy(); });
  socket.on("timeout", () => { resolve("timeout"); socket.destroy(); });
  socket.on("error", (error) => resolve(error.code));
});
http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://app");
  const to = url.searchParams.get("to");
  response.end(JSON.stringify(to ? await connect(to) : {
    uid: process.getuid(),
    capabilities: attempt(() => /CapEff:\\s*(\\w+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]),
    writesRoot: attempt(() => fs.writeFileSync("/owned", "x") ?? "written"),
    writesApp: attempt(() => fs.writeFileSync("/app/owned", "x") ?? "written"),
    writesTmp: attempt(() => fs.writeFileSync("/tmp/mine", "x") ?? "written"),
    processes: fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length,
    addresses: Object.values(os.networkInterfaces()).flat().filter((each) => !each.internal && each.family === "IPv4").map((each) => each.address),
    seesHost: ["/etc/shadow", "/root", "/var/lib/slipstream", "/var/run/docker.sock"].filter((path) => attempt(() => fs.readdirSync(path).length > 0) === "true"),
    environment: Object.keys(process.env).sort(),
  }));
}).listen(process.env.PORT, "0.0.0.0");
`;

interface Report {
  uid: number;
  capabilities: string;
  writesRoot: string;
  writesApp: string;
  writesTmp: string;
  processes: number;
  addresses: string[];
  seesHost: string[];
  environment: string[];
}

for (const sandbox of ["runc", "gvisor"] as const)
  describe(`an app in ${sandbox}`, () => {
    const installation = new Installation();
    const files = { "package.json": '{ "name": "probe", "scripts": { "start": "node server.js" } }\n', "server.js": probe };
    const connect = async (app: string, to: string): Promise<string> => JSON.parse((await installation.request(app, `/?to=${to}`)).body);
    let report: Report;
    let other: Report;
    before(async () => {
      await installation.up();
      await installation.deployLive(newTree("probe-a", files), ["--sandbox", sandbox]);
      await installation.deployLive(newTree("probe-b", files), ["--sandbox", sandbox]);
      report = JSON.parse((await installation.request("probe-a")).body);
      other = JSON.parse((await installation.request("probe-b")).body);
    });
    after(() => installation.end());

    it("has no rights", () => {
      assert.notEqual(report.uid, 0);
      assert.match(report.capabilities, /^0+$/);
    });

    it("writes to /tmp alone", () => {
      assert.notEqual(report.writesRoot, "written");
      assert.notEqual(report.writesApp, "written");
      assert.equal(report.writesTmp, "written");
    });

    it("sees its own processes, files and variables alone", () => {
      assert.ok(report.processes < 10, `${report.processes} processes`);
      assert.deepEqual(report.seesHost, []);
      assert.ok(!report.environment.some((name) => /^(DATABASE_URL|RESTATE_URL|SLIP_HOME|SLIP_TOKEN)$/.test(name)), `${report.environment}`);
    });

    it("reaches no other app, no port of this machine and no metadata service", async () => {
      const own = report.addresses[0] ?? "";
      const neighbour = other.addresses[0] ?? "";
      assert.ok(net.isIPv4(own) && net.isIPv4(neighbour) && own !== neighbour, `${own} ${neighbour}`);
      assert.notEqual(await connect("probe-a", `${neighbour}:3000`), "connected");
      const gateway = own.replace(/\.\d+$/, ".1");
      const targets = [
        `${gateway}:${installation.httpsPort}`,
        `${gateway}:22`,
        "169.254.169.254:80",
        "10.0.0.1:80",
        "192.168.0.1:80",
        `127.0.0.1:${installation.httpsPort}`,
      ];
      for (const target of targets) assert.notEqual(await connect("probe-a", target), "connected", target);
    });
  });
