// A snippet in, a URL out: from the call until the app answers at its address, against the bare start of the same code.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { bareStart, clientOf } from "./deploy.ts";

const pairs = 20;
const warmUps = 2;
const goal = 3;
/** Between two snippets, as from somebody who looks at the answer. */
const pauseMs = 1_000;

/** Another program each time, so that nothing of it is there already. */
const codeOf = (round: number): string => nodeProgram(`"snippet ${round}"`);

/** Milliseconds from the call to the app's first answer. */
const deployOnce = async (installation: Installation, round: number): Promise<number> => {
  const client = clientOf(installation);
  const start = performance.now();
  const { deployment, app } = await client.call("deployments.create", { source: { kind: "snippet", code: codeOf(round), language: "node" }, sandbox: "runc" });
  const ended = await client.call("deployments.wait", { deployment, timeoutMs: 60_000 });
  if (ended.state !== "live") throw new Error(`The deployment ended so: ${JSON.stringify(ended)}`);
  const { body } = await installation.request(app);
  if (body !== `snippet ${round}`) throw new Error(`${app} answered ${body}`);
  const ms = performance.now() - start;
  await client.call("apps.destroy", { app });
  await sleep(pauseMs);
  return ms;
};

const bareOnce = async (folder: string, round: number): Promise<number> => {
  writeFileSync(join(folder, "server.js"), codeOf(round));
  return bareStart(folder);
};

export const snippetClaims = async (installation: Installation): Promise<Claim[]> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-"));
  try {
    const bare: number[] = [];
    const deploys: number[] = [];
    for (let round = 0; round < pairs + warmUps; round += 1) {
      bare.push(await bareOnce(folder, round));
      deploys.push(await deployOnce(installation, round));
    }
    const kept = deploys.slice(warmUps);
    const ratio = median(kept.map((ms, index) => ms / (bare[index + warmUps] ?? Number.NaN)));
    return [
      {
        name: "snippet in, URL that answers out / bare start of the same code (runc)",
        measured: `${ratio.toFixed(2)} ×`,
        goal: `≤ ${goal} ×`,
        reached: ratio <= goal,
      },
      { name: "  call → first answer at the URL", measured: `p50 ${inMs(median(kept))}, p99 ${inMs(quantile(kept, 0.99))}`, goal: "", reached: undefined },
      { name: "  bare start → first answer", measured: `p50 ${inMs(median(bare.slice(warmUps)))}`, goal: "", reached: undefined },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
