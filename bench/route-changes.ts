// A change of routes among a million host names, until a request is answered by it; and what apps that sleep take of the platform's memory.
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { callers } from "../contract/src/ports/calls.ts";
import { edgeCalls } from "../contract/src/ports/edge.ts";
import { seedTenant } from "../server/src/control/apps/app-store.ts";
import { keyFile } from "../server/src/control/keys/key-files.ts";
import { openKeys } from "../server/src/control/keys/rotation.ts";
import { Edges } from "../server/src/control/routes/edges.ts";
import { type Read, RoutePublisher } from "../server/src/control/routes/route-publisher.ts";
import { type ChangedRow, changedOf, changesWithOwn, tableVersion } from "../server/src/control/routes/route-store.ts";
import { tableSource } from "../server/src/control/routes/table-source.ts";
import { type ControlPlane, startControlPlane } from "../server/src/main/testing/control-plane.ts";
import { json, migrate } from "../server/src/platform/database.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { rowsOfApps, workloadOfApp } from "./many-apps.ts";

const apps = 100_000;
const hostsMore = 9;
const rounds = 200;
const warmUps = 10;
const perSecond = 100;
const switchGoal = 5;
const memoryGoal = 1_024;

/** Answers with a word of its own. */
const startApp = async (word: string): Promise<{ address: string; end: () => void }> => {
  const server = http.createServer((_, answer) => answer.end(word));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
};

const asker = (port: number): ((host: string) => Promise<string>) => {
  const agent = new http.Agent({ keepAlive: true });
  return (host) =>
    new Promise((done, failed) => {
      const request = http.get({ host: "127.0.0.1", port, agent, headers: { host } }, (answer) => {
        let body = "";
        answer.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        answer.on("end", () => done(body));
      });
      request.on("error", failed);
    });
};

/** Asks for a host so often; gives what ends it, and how many were not answered by the app. */
const load = (ask: (host: string) => Promise<string>, host: string): (() => { asked: number; failed: number }) => {
  const counts = { asked: 0, failed: 0 };
  const timer = setInterval(() => {
    counts.asked += 1;
    ask(host)
      .then((word) => word === "busy" || Promise.reject(new Error(word)))
      .catch(() => {
        counts.failed += 1;
      });
  }, 1_000 / perSecond);
  return () => {
    clearInterval(timer);
    return counts;
  };
};

/** Milliseconds from the statement until a listener was told of its commit. */
const bareNotify = async ({ database }: ControlPlane): Promise<() => Promise<number>> => {
  await database`create table bare (changed integer)`;
  await database`insert into bare values (0)`;
  let told = (): void => undefined;
  await database.listen("bare", () => told());
  return async () => {
    const heard = new Promise<void>((done) => {
      told = done;
    });
    const begun = performance.now();
    await database`with changed as (update bare set changed = changed + 1 returning 1) select pg_notify('bare', '') from changed`;
    await heard;
    return performance.now() - begun;
  };
};

const migrations = resolve(import.meta.dirname, "../server/migrations");

/** Control's own parts that bring routes to the edges, in this process. */
const publisherOf = async ({ database, home }: ControlPlane): Promise<RoutePublisher> => {
  await migrate(database, migrations);
  await seedTenant(database);
  const source = tableSource({ database, sealing: await openKeys(database, home.control), proofKey: keyFile(join(home.control, "proof.key")).toString("hex") });
  const publisher = new RoutePublisher({ path: home.routeTable, edges: new Edges(home.edgeSockets, source), source, log: { warn: () => undefined } });
  publisher.open();
  return publisher;
};

const addApps = async ({ database }: ControlPlane, more: number, count = apps): Promise<void> => {
  // A million rows take longer than any statement of the platform may.
  await database.begin((query) => query.unsafe(`set local statement_timeout = 0; ${rowsOfApps({ apps: count, more })}`));
  await database`analyze`;
};

/** How long the publisher of another control process takes, which finds edges and the disk as the one before has left them. */
const restartMs = async (plane: ControlPlane): Promise<number> => {
  const next = await publisherOf(plane);
  const begun = performance.now();
  await next.publish();
  return performance.now() - begun;
};

const measureSwitches = async (
  plane: ControlPlane,
): Promise<{ switches: number[]; bare: number[]; load: { asked: number; failed: number }; wholeMs: number; againMs: number }> => {
  const { database, installation } = plane;
  const publisher = await publisherOf(plane);
  const [one, two, busy] = [await startApp("one"), await startApp("two"), await startApp("busy")];
  const targetsAt = (address: string) => json(database, [{ instance: `ins_${"0".repeat(26)}`, address }]);
  await database`
    create function move_targets(of_id text, to_targets jsonb) returns boolean language plpgsql as $$
      begin update workloads set targets = to_targets where id = of_id; return found; end $$`;
  /** As a deployment is switched: by a statement that reads what it has changed. */
  const move = async (index: number, address: string): Promise<Read> => {
    const from = publisher.served;
    const rows = await database<ChangedRow[]>`
      with moved as materialized (select move_targets(${workloadOfApp(index)}, ${targetsAt(address)}) as is_moved)
      select c.* from moved m left join lateral ${changesWithOwn(database, database`m.is_moved`, from)} c on true`;
    return { from, changed: changedOf(rows, from) };
  };
  // Always awake: nobody is there to wake them.
  await addApps(plane, hostsMore);
  await database`update releases set config = '{"sleep":{"enabled":false}}' where id in ('rel_' || lpad('1', 26, '0'), 'rel_' || lpad('2', 26, '0'))`;
  await move(1, one.address);
  await move(2, busy.address);
  const begun = performance.now();
  await publisher.publish();
  const wholeMs = performance.now() - begun;
  const againMs = await restartMs(plane);
  const notify = await bareNotify(plane);
  const ask = asker(installation.httpPort);
  const endLoad = load(asker(installation.httpPort), "a2.slip.localhost");
  const [switches, bare]: [number[], number[]] = [[], []];
  for (let round = -warmUps; round < rounds; round += 1) {
    const [word, app] = round % 2 === 0 ? ["two", two] : ["one", one];
    const bareMs = await notify();
    const start = performance.now();
    const serving = publisher.serve(await move(1, app.address));
    while ((await ask("a1-3.slip.localhost")) !== word) if (performance.now() - start > 5_000) throw new Error(`It is not answered by "${word}".`);
    const took = performance.now() - start;
    await (await serving).written;
    if (round >= 0) {
      switches.push(took);
      bare.push(bareMs);
    }
    await pause(20);
  }
  for (const app of [one, two, busy]) app.end();
  return { switches, bare, load: endLoad(), wholeMs, againMs };
};

export const routeChangeClaims = async (): Promise<Claim[]> => {
  const plane = await startControlPlane({}, { without: ["host", "keeper", "control", "restate"] });
  try {
    const { switches, bare, load: loaded, wholeMs, againMs } = await measureSwitches(plane);
    const ratio = median(switches) / median(bare);
    return [
      {
        name: `route change among ${apps * (hostsMore + 1)} host names, statement → first request answered by it, under ${perSecond} requests/s / bare commit and NOTIFY`,
        measured: `${ratio.toFixed(2)} × (p50 ${inMs(median(switches))}, p99 ${inMs(quantile(switches, 0.99))}; bare ${inMs(median(bare))})`,
        goal: `≤ ${switchGoal} ×`,
        reached: ratio <= switchGoal,
      },
      { name: "  failed requests meanwhile", measured: `${loaded.failed} of ${loaded.asked}`, goal: "0", reached: loaded.failed === 0 },
      { name: "  the whole table, from PostgreSQL to an edge and to the disk", measured: inMs(wholeMs), goal: "", reached: undefined },
      { name: "  the same for a control that is started anew", measured: inMs(againMs), goal: "", reached: undefined },
    ];
  } finally {
    await plane.stop();
  }
};

/** Of the process of a platform that runs `program`, in bytes. */
const residentBytes = (home: string, program: string): number => {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [command, environment] = ["cmdline", "environ"].map((file) => readFileSync(`/proc/${pid}/${file}`, "latin1"));
      if (!command?.includes(program) || !environment?.includes(`SLIP_HOME=${home}`)) continue;
      return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) * 1_024;
    } catch {
      // It has ended meanwhile, or is a task of the kernel.
    }
  }
  throw new Error(`No process runs ${program}.`);
};

const programs = ["main/control.ts", "main/edge.ts"] as const;
const settledMs = 30_000;
const appsBefore = 20_000;

/** While the table is being written, its successor lies beside it. */
const isBeingWritten = ({ routeTable }: ControlPlane["home"]): boolean =>
  readdirSync(dirname(routeTable)).some((name) => name.startsWith(basename(routeTable)) && name.endsWith(".new"));

/** Once the edge serves what PostgreSQL says, and what it took to come there is over. */
const residentOf = async ({ home, database }: ControlPlane): Promise<number[]> => {
  const edge = callers(edgeCalls, home.edgeSocket(0));
  const version = await tableVersion(database);
  while ((await edge.version({})).version < version) await pause(200);
  for (let quietMs = 0; quietMs < settledMs; quietMs += 1_000) {
    if (isBeingWritten(home)) quietMs = 0;
    await pause(1_000);
  }
  return programs.map((program) => residentBytes(home.root, program));
};

export const memoryClaims = async (): Promise<Claim[]> => {
  const plane = await startControlPlane();
  try {
    // Both times a large table has come: what that itself leaves behind is not counted as the apps'.
    await addApps(plane, 0, appsBefore);
    const before = await residentOf(plane);
    await addApps(plane, 0, appsBefore + apps);
    const after = await residentOf(plane);
    const [control = Number.NaN, edge = Number.NaN] = after.map((bytes, index) => (bytes - (before[index] ?? Number.NaN)) / apps);
    const all = control + 2 * edge;
    return [
      {
        name: `memory of the platform for each of ${apps} apps that sleep: two edges and control`,
        measured: `${Math.round(all)} bytes (control ${Math.round(control)}, each edge ${Math.round(edge)})`,
        goal: `≤ ${memoryGoal} bytes`,
        reached: all <= memoryGoal,
      },
    ];
  } finally {
    await plane.stop();
  }
};
