// A line on its whole way: a program in a sandbox prints it, and a client of the API that follows the app's log has it.
import { randomBytes } from "node:crypto";
import type { Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, quantile } from "./claim.ts";
import { clientOf } from "./deploy.ts";

/** A few less than are let through of one instance. */
const perSecond = 1_800;
const lines = 20_000;
const warmUps = 4_000;
const app = "prints-lines";

/** Microseconds since 1970 stand in each line. */
const program = `
const { performance } = require("node:perf_hooks");
${nodeProgram('"here"')}
const micros = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const begun = performance.now();
let lines = 0;
setInterval(() => {
  for (const due = (performance.now() - begun) / 1000 * ${perSecond}; lines < due; lines += 1)
    console.log("GET /api/cart/" + lines + " 200 12.3ms req_${randomBytes(5).toString("hex")} checkout payment user=17 bytes=1234 " + micros());
}, 1);`;

const files = { "server.js": program, "package.json": `{"scripts":{"start":"node server.js"}}`, "slip.toml": `[run]\nsandbox = "runc"\n` };

export const logProgramClaims = async (installation: Installation): Promise<Claim[]> => {
  const client = clientOf(installation);
  const source = { kind: "files" as const, files: Object.entries(files).map(([path, text]) => ({ path, text })) };
  const { deployment } = await client.call("deployments.create", { app, source });
  const ended = await client.call("deployments.wait", { deployment, timeoutMs: 60_000 });
  if (ended.state !== "live") throw new Error(`The deployment ended so: ${JSON.stringify(ended)}`);
  const latenciesMs: number[] = [];
  let seen = 0;
  for await (const { text } of client.lines("logs.read", { app, follow: true, limit: 1 })) {
    const printedUs = Number(text.split(" ").at(-1));
    seen += 1;
    if (seen > warmUps) latenciesMs.push(performance.timeOrigin + performance.now() - printedUs / 1_000);
    if (latenciesMs.length === lines) break;
  }
  await client.call("apps.destroy", { app });
  return [
    {
      name: `${perSecond} lines/s of a program (runc): printed → in the hands of a client that follows`,
      measured: `p50 ${inMs(quantile(latenciesMs, 0.5))}, p99 ${inMs(quantile(latenciesMs, 0.99))}`,
      goal: "",
      reached: undefined,
    },
  ];
};
