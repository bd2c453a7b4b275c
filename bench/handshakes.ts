// Full handshakes of TLS 1.3 at the edge against HAProxy: each request has a connection of its own, and none takes up a session.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Claim, median } from "./claim.ts";
import * as proxies from "./proxies.ts";

const run = promisify(execFile);
const rounds = 20;
const goal = "≥ 0.7 × HAProxy";

/** A certificate of P-256, which signs itself. */
const makeCertificate = async (folder: string): Promise<proxies.Pair> => {
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run("openssl", ["req", "-x509", ...curve, "-days", "1", "-subj", `/CN=${proxies.host}`, "-out", certificate, "-keyout", key]);
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
};

interface Counts {
  answered: number;
  failed: number;
  resumed: number;
}

const seconds = "2";
const program = join(import.meta.dirname, "handshake-load.ts");

/** Processor time of the proxy for a handshake with one request, in µs. Throws where one was not answered, or was not a full one. */
const costOf = async (proxy: proxies.Proxy): Promise<number> => {
  const before = proxies.processorSeconds(proxy);
  const { stdout } = await run("taskset", ["-c", "1", process.execPath, program, `${proxy.httpsPort}`, proxies.host, seconds]);
  const { answered, failed, resumed } = JSON.parse(stdout) as Counts;
  if (answered === 0 || failed + resumed > 0) throw new Error(`${proxy.name}: ${stdout}`);
  return ((proxies.processorSeconds(proxy) - before) / answered) * 1e6;
};

export const handshakeClaims = async (): Promise<Claim[]> => {
  const missing = proxies.missingPrograms();
  const name = "full TLS 1.3 handshakes a core-second, each with one request";
  if (missing.length > 0) return [{ name, measured: `not measured: apt-get install ${missing.join(" ")}`, goal, reached: undefined }];
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-tls-"));
  const running: proxies.Proxy[] = [];
  try {
    const app = await proxies.startApp(folder);
    const pair = await makeCertificate(folder);
    running.push(app, await proxies.startEdge(folder, app.port, { pair }), await proxies.startHaproxy(folder, app.port, pair));
    const costs: number[][] = [[], []];
    for (let round = -2; round < rounds; round += 1)
      for (const [index, proxy] of running.slice(1).entries()) {
        const cost = await costOf(proxy);
        if (round >= 0) costs[index]?.push(cost);
      }
    const [edge = [], haproxy = []] = costs;
    const ratio = median(edge.map((cost, round) => (haproxy[round] ?? Number.NaN) / cost));
    const measured = `${ratio.toFixed(2)} × HAProxy (${Math.round(1e6 / median(edge))} to ${Math.round(1e6 / median(haproxy))})`;
    return [{ name, measured, goal, reached: ratio >= 0.7 }];
  } finally {
    await Promise.all(running.map(proxies.stopProxy));
    rmSync(folder, { recursive: true, force: true });
  }
};
