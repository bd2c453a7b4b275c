// A load in a thread of its own: what the load's own work takes is not measured as the platform's.
import { Worker } from "node:worker_threads";
import type { Installation } from "../test/e2e/installation.ts";

/** Starts the module at `url` in a thread; resolves once its requests flow (its first message), with what ends them and gives what it counted. */
export const startLoad = async <Loaded>(installation: Installation, url: string, given: unknown): Promise<() => Promise<Loaded>> => {
  const worker = new Worker(new URL(url), { workerData: given });
  installation.atEnd(() => void worker.terminate());
  const next = <T>(): Promise<T> => new Promise<T>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await next();
  return () => {
    const loaded = next<Loaded>();
    worker.postMessage("stop");
    return loaded;
  };
};
