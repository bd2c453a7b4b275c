// A steady load of requests on one app, so many a second whatever the answers take, each answer kept.
import type { Installation } from "./installation.ts";

export interface Sample {
  atMs: number;
  tookMs: number;
  /** What went wrong: no answer, or a status of 500 and above. */
  failure: string | undefined;
  status: number;
  body: string;
}

export interface Load {
  samples: Sample[];
  /** Ends the load and waits for the answers that are still to come. */
  stop(): Promise<Sample[]>;
}

interface LoadOptions {
  perSecond?: number;
  path?: string;
  /** False: each request has a connection of its own. */
  keepAlive?: boolean;
}

/** Starts a load of `perSecond` requests for `path` of `app`. */
export const steadyLoad = (installation: Installation, app: string, options: LoadOptions = {}): Load => {
  const { perSecond = 50, path = "/", keepAlive = true } = options;
  const agent = installation.agent(keepAlive ? { keepAlive, maxSockets: 64 } : { keepAlive });
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  const ask = async (): Promise<void> => {
    const start = performance.now();
    const add = (sample: Pick<Sample, "failure" | "status" | "body">): void => {
      samples.push({ atMs: start, tookMs: performance.now() - start, ...sample });
    };
    try {
      const { status, body } = await installation.request(app, path, { agent });
      add({ status, body, failure: status >= 500 ? `${status} ${body.slice(0, 200)}` : undefined });
    } catch (error) {
      add({ status: 0, body: "", failure: error instanceof Error ? error.message : String(error) });
    }
  };
  const timer = setInterval(() => {
    const asked = ask().finally(() => open.delete(asked));
    open.add(asked);
  }, 1_000 / perSecond);
  installation.atEnd(() => clearInterval(timer));
  const stop = async (): Promise<Sample[]> => {
    clearInterval(timer);
    await Promise.all(open);
    agent.destroy();
    return samples.sort((a, b) => a.atMs - b.atMs);
  };
  return { samples, stop };
};

export const failuresOf = (samples: readonly Sample[]): string[] => samples.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
