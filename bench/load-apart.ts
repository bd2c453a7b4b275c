// A steady load in a thread of its own: what the load's own work takes is not measured as the platform's.
import { rmSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Installation } from "../test/e2e/installation.ts";
import { failuresOf, steadyLoad } from "../test/e2e/load.ts";

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
export const loadApart = async (installation: Installation, app: string, perSecond: number): Promise<() => Promise<Loaded>> => {
  const worker = new Worker(new URL(import.meta.url), { workerData: { home: installation.home, app, perSecond } satisfies Given });
  installation.atEnd(() => void worker.terminate());
  const next = <T>(): Promise<T> => new Promise<T>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await next();
  return () => {
    const loaded = next<Loaded>();
    worker.postMessage("stop");
    return loaded;
  };
};

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
