// Rollback to a parked release and back, under a steady load: how long the call takes, and whether any request fails.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@slipstream/contract/client.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Installation } from "../test/e2e/installation.ts";
import { type Claim, inMs, quantile } from "./claim.ts";
import { clientOf, deployTwice } from "./deploy.ts";
import { startEcho } from "./exchange.ts";
import { fastLoad } from "./fast-load.ts";
import { loadApart } from "./load-apart.ts";
import { stolenMs } from "./stolen.ts";

const warmUps = 2;
/** Until the replaced release has drained and is parked. */
const settleMs = 700;

/** So many questions to other processes a rollback asks, one after the other, and so many commits it waits for (docs/performance.md). */
const questions = 5;
const commits = 2;
/** Of PostgreSQL's log. */
const pageBytes = 8_192;

const app = "bench-rollback";

interface Load {
  /** In words. */
  name: string;
  begin(installation: Installation): Promise<() => Promise<{ requests: number; failed: number; perSecond?: number }>>;
  rounds: number;
}

const loads: readonly Load[] = [
  { name: "100 requests/s", begin: (installation) => loadApart(installation, app, 100), rounds: 200 },
  { name: "10,000 requests/s", begin: (installation) => fastLoad(installation, app, 10_000), rounds: 100 },
];

/** Whether it becomes live; the answer to the call says so, where that took no longer than a moment. */
const becomesLive = async (client: Client, { deployment, state }: Deployment): Promise<boolean> => {
  if (state === "live") return true;
  for await (const now of client.lines("deployments.watch", { deployment })) if (now.state === "live") return true;
  return false;
};

/** Writes pages to a file beside the platform's, one after the other, and waits for the disk each time; gives how long that took, in ms. */
const synced = (file: number, pages: number): number => {
  const page = Buffer.alloc(pageBytes, 1);
  const start = performance.now();
  for (let at = 0; at < pages; at += 1) {
    writeSync(file, page, 0, pageBytes, at * pageBytes);
    fdatasyncSync(file);
  }
  return performance.now() - start;
};

const measure = async (installation: Installation, { name, begin, rounds }: Load): Promise<Claim[]> => {
  const client = clientOf(installation);
  const { releases } = await client.call("releases.list", { app });
  const [live = 0, parked = 0] = releases.map(({ release }) => release).toSorted((a, b) => b - a);
  const endLoad = await begin(installation);
  const echo = await startEcho();
  const took: number[] = [];
  /** In rounds in which nothing was taken from this machine. */
  const undisturbed: number[] = [];
  const floor: number[] = [];
  const onDisk: number[] = [];
  const file = openSync(join(installation.home, "bench-rollback"), "w");
  for (let round = -warmUps; round < rounds; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    floor.push(await echo.exchange(questions));
    const stolenBefore = stolenMs();
    const start = performance.now();
    const deployment = await client.call("releases.rollback", { app, to: round % 2 === 0 ? parked : live });
    if ((await becomesLive(client, deployment)) && round >= 0) took.push(performance.now() - start);
    const last = took.at(-1);
    if (round >= 0 && last !== undefined && stolenMs() === stolenBefore) undisturbed.push(last);
    // Not before it: the rollback would find the disk with less to write.
    onDisk.push(synced(file, commits));
  }
  const { requests, failed, perSecond } = await endLoad();
  echo.end();
  closeSync(file);
  const p99 = quantile(took, 0.99);
  const inFact = perSecond === undefined ? "" : ` (the machine held ${Math.round(perSecond)})`;
  return [
    {
      name: `rollback under ${name}${inFact}, call → live`,
      measured: `p50 ${inMs(quantile(took, 0.5))}, p99 ${inMs(p99)}`,
      goal: "p99 ≤ 20 ms",
      reached: took.length === rounds && p99 <= 20,
    },
    {
      name: `  in the ${undisturbed.length} rounds in which the machine's host ran no other machine instead`,
      measured: `p50 ${inMs(quantile(undisturbed, 0.5))}, p99 ${inMs(quantile(undisturbed, 0.99))}`,
      goal: "",
      reached: undefined,
    },
    {
      name: `  floor: ${questions} times a byte to another process and back`,
      measured: `p50 ${inMs(quantile(floor, 0.5))}, p99 ${inMs(quantile(floor, 0.99))}`,
      goal: "",
      reached: undefined,
    },
    {
      name: `  floor: ${commits} times a page to the disk, and on it`,
      measured: `p50 ${inMs(quantile(onDisk, 0.5))}, p99 ${inMs(quantile(onDisk, 0.99))}`,
      goal: "",
      reached: undefined,
    },
    { name: `  failed requests during ${rounds} rollbacks`, measured: `${failed} of ${requests}`, goal: "0", reached: failed === 0 },
  ];
};

export const rollbackClaims = async (installation: Installation): Promise<Claim[]> => {
  await deployTwice(installation, app);
  const claims: Claim[] = [];
  for (const load of loads) claims.push(...(await measure(installation, load)));
  return claims;
};
