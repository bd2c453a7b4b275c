// A steady load of requests as tests make it, in a thread of its own.
import { rmSync } from "node:fs";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Installation } from "../test/e2e/installation.ts";
import { failuresOf, steadyLoad } from "../test/e2e/load.ts";
import { startLoad } from "./load-thread.ts";

interface Given {
  home: string;
  app: string;
  perSecond: number;
}
export interface Loaded {
  requests: number;
  failed: number;
}

/** Resolves once requests flow, with what ends them. */
export const loadApart = (installation: Installation, app: string, perSecond: number): Promise<() => Promise<Loaded>> =>
  startLoad<Loaded>(installation, import.meta.url, { home: installation.home, app, perSecond } satisfies Given);

const work = async ({ home, app, perSecond }: Given): Promise<void> => {
  const installation = new Installation(home);
  await installation.readAddress();
  rmSync(installation.userHome, { recursive: true });
  const load = steadyLoad(installation, app, { perSecond });
  parentPort?.postMessage("flows");
  parentPort?.once("message", async () => {
    const samples = await load.stop();
    parentPort?.postMessage({ requests: samples.length, failed: failuresOf(samples).length } satisfies Loaded);
  });
};

if (!isMainThread) await work(workerData as Given);
