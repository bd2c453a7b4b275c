// Runs the measurements and prints their table. `node bench/main.ts NAME…` runs some of them.
import { Installation } from "../test/e2e/installation.ts";
import { type Claim, tableOf } from "./claim.ts";
import { deployClaims } from "./deploy.ts";
import { edgeClaims } from "./edge.ts";
import { functionClaims } from "./functions.ts";
import { handshakeClaims } from "./handshakes.ts";
import { hostClaims } from "./hosts.ts";
import { installClaims } from "./install.ts";
import { logLineClaims } from "./log-lines.ts";
import { logProgramClaims } from "./log-program.ts";
import { redeployClaims } from "./redeploy.ts";
import { rollbackClaims } from "./rollback.ts";
import { memoryClaims, routeChangeClaims } from "./route-changes.ts";
import { snippetClaims } from "./snippet.ts";
import { wakeClaims } from "./wake.ts";

const measurements: Record<string, (installation: Installation) => Promise<Claim[]>> = {
  deploy: deployClaims,
  redeploy: redeployClaims,
  rollback: rollbackClaims,
  snippet: snippetClaims,
  wake: wakeClaims,
  functions: functionClaims,
  install: installClaims,
  edge: edgeClaims,
  handshakes: handshakeClaims,
  hosts: hostClaims,
  routes: routeChangeClaims,
  memory: memoryClaims,
  logs: logLineClaims,
  program: logProgramClaims,
};

const wanted = process.argv.slice(2);
const installation = new Installation();
try {
  await installation.up();
  const claims: Claim[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`Measuring ${name} …\n`);
    claims.push(...(await measure(installation)));
  }
  process.stdout.write(`${tableOf(claims)}\n`);
} finally {
  await installation.end();
}
