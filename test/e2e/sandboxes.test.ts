import assert from "node:assert/strict";
import net from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { repository } from "./installation.ts";
import { jointInstallation } from "./joint-installation.ts";

interface Report {
  uid: number;
  port: string;
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
    const installation = jointInstallation();
    const probe = join(repository, "test/fixtures/probe");
    const connect = async (app: string, to: string): Promise<string> => JSON.parse((await installation.request(app, `/?to=${to}`)).body);
    let report: Report;
    let other: Report;
    before(async () => {
      await installation.up();
      await installation.deployLive(probe, ["--app", "probe-a", "--sandbox", sandbox]);
      await installation.deployLive(probe, ["--app", "probe-b", "--sandbox", sandbox]);
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
      assert.equal(await connect("probe-a", `${own}:${report.port}`), "connected", "it can connect at all");
      const gateway = own.replace(/\.\d+$/, ".1");
      const machine = [`${gateway}:${installation.httpsPort}`, `${gateway}:22`, `127.0.0.1:${installation.httpsPort}`];
      const targets = [`${neighbour}:${other.port}`, ...machine, "169.254.169.254:80", "10.0.0.1:80", "192.168.0.1:80"];
      const results = await Promise.all(targets.map((target) => connect("probe-a", target)));
      assert.deepEqual(
        targets.filter((_, index) => results[index] === "connected"),
        [],
      );
    });
  });
