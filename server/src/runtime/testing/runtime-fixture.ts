// A whole runtime of its own for a test: its own folder, id, networks, rules and control groups, all gone at the end.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { newId } from "#platform/ids.ts";
import { type Installation, newInstallation } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { chooseSubnet, claimSubnet } from "#platform/subnets.ts";
import { openRuntime, type Runtime, type RuntimeDependencies } from "../runtime.ts";

export interface RuntimeFixture {
  home: Home;
  id: string;
  installation: Installation;
  runtime: Runtime;
  lines: LogLine[];
  /** The runtime of the host process that comes after the present one; with `stop` as after a stop of the whole platform. */
  succeed(stop?: boolean): Promise<Runtime>;
  close(): Promise<void>;
}

/** What makes the sandboxes of a runtime, with how it is told so. */
export const sandboxWays = [
  { by: "crun", kind: "runc", crun: true },
  { by: "runc", kind: "runc", crun: false },
  { by: "gVisor", kind: "gvisor", crun: true },
] as const;

export const needsRoot = process.getuid?.() === 0 ? false : "needs root";

/** Without spares, where it is not said: each instance is made from nothing. */
export const runtimeFixture = async (
  of: Pick<RuntimeDependencies, "parkedBytes" | "crun" | "spares" | "ahead" | "functionsIdleMs"> = {},
): Promise<RuntimeFixture> => {
  const root = mkdtempSync(join(tmpdir(), "slip-runtime-"));
  // User namespaces are for installations whose folder everybody may pass.
  chmodSync(root, 0o711);
  const home = homeAt(root);
  for (const folder of [home.run, home.layers]) mkdirSync(folder, { recursive: true });
  const claim = await claimSubnet(await chooseSubnet());
  const installation = newInstallation({ httpPort: 0, httpsPort: 0, handlerPort: 0 }, claim.subnet);
  const lines: LogLine[] = [];
  const logs = { append: (line: LogLine) => void lines.push(line), flush: () => Promise.resolve(), follow: () => {}, removeApp: () => Promise.resolve() };
  const open = (): Promise<Runtime> => openRuntime({ home, installation, logs, log: logOf("test"), gitHosts: [], spares: 0, ...of });
  const fixture: RuntimeFixture = {
    home,
    id: installation.id,
    installation,
    runtime: await open(),
    lines,
    async succeed(stop = false) {
      await fixture.runtime.close(stop);
      fixture.runtime = await open();
      return fixture.runtime;
    },
    async close() {
      await fixture.runtime.workloads.reconcile({ workloads: [] });
      await fixture.runtime.close(true);
      claim.release();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return fixture;
};

export const workload = (artifact: string, sandbox: SandboxKind, more: Partial<WorkloadSpec> = {}): WorkloadSpec => ({
  id: newId("dep"),
  tags: { tenant: "ten", project: "pro", app: "shop", deployment: "", commit: "abc", instance: "" },
  release: 1,
  artifact,
  port: 3_000,
  instances: 1,
  env: { TOKEN: "s3cret-value" },
  secretNames: ["TOKEN"],
  sandbox,
  memoryBytes: 256 * 2 ** 20,
  cpus: 1,
  health: { timeoutMs: limit("healthTimeoutMs"), startMs: 20_000 },
  ...more,
});

/** The body of an answer; rejects when none comes in time. */
export const get = (address: string, path: string, timeoutMs = 5_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = nodeHttp.get(`http://${address}${path}`, { agent: false, timeout: timeoutMs }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
  });

/** Looks again and again until `look` gives something, and gives that. */
export const eventually = async <T>(look: () => T | undefined | Promise<T | undefined>, what: string, timeoutMs = 15_000): Promise<T> => {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(20)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`It did not come to be that ${what}.`);
};
