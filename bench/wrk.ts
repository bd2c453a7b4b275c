// One second of wrk on the second core, and what a proxy on the first takes for it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as proxies from "./proxies.ts";

const run = promisify(execFile);
const connections = 32;
const seconds = 1;

export interface Sample {
  perSecond: number;
  /** Processor time of the proxy for one request, in µs. */
  cost: number;
}

/** Throws where a request was not answered well. */
export const load = async (proxy: proxies.Proxy, url: string, args: readonly string[]): Promise<Sample> => {
  const before = proxies.processorSeconds(proxy);
  const { stdout } = await run("taskset", ["-c", "1", "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, ...args, url]);
  const used = proxies.processorSeconds(proxy) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const errors = /Non-2xx.*|Socket errors.*/.exec(stdout)?.[0];
  if (errors !== undefined || !(requests > 0)) throw new Error(`${proxy.name}: ${errors ?? "no request was answered"}`);
  return { perSecond, cost: (used / requests) * 1e6 };
};
