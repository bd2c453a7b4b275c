// Calls of functions by their schedules: a request of the host's to a port of the sandbox that only the host reaches, or knows how to ask.
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { type ScheduledCall, ScheduledResult } from "@slipstream/contract/ports/scheduled.ts";
import type { Entry } from "./entry.ts";

const answerBytesMax = 64 * 1_024;

/** Where the host calls scheduled() of one instance. */
export interface Bell {
  host: string;
  port: number;
  path: string;
  headers: Readonly<Record<string, string>>;
}

const bellOf = ({ instances }: Entry): Bell => {
  const ready = instances.find(({ view }) => view.state === "ready");
  if (!ready) throw new SlipError("unhealthy", "No instance can be called.");
  return ready.bell;
};

/** What was answered, as text. Rejects when nothing was. */
const ask = (bell: Bell, { cron, dueAt }: ScheduledCall): Promise<string> =>
  new Promise((resolve, reject) => {
    const path = `${bell.path}?${new URLSearchParams({ cron, due: `${dueAt}` })}`;
    const signal = AbortSignal.timeout(limit("scheduledMs"));
    const request = nodeHttp.request({ ...bell, path, method: "POST", agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) response.destroy(new Error("It answered too much."));
      });
      response.on("error", reject).on("end", () => resolve(text));
    });
    request.on("error", reject).end();
  });

/** A woken program is awake once it listens on its first port: the one for this may be open a moment later. */
const openMs = 2_000;
const lookAgainMs = 10;

const isClosed = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ECONNREFUSED";

/** As `ask`, again where nobody listened yet, and nothing was asked. */
const askOnceOpen = async (bell: Bell, call: ScheduledCall): Promise<string> => {
  for (const end = performance.now() + openMs; ; await sleep(lookAgainMs)) {
    try {
      return await ask(bell, call);
    } catch (error) {
      if (!isClosed(error) || performance.now() > end) throw error;
    }
  }
};

const failed = (error: string): ScheduledResult => ({ outcome: "failed", error });

const resultOf = (text: string): ScheduledResult => {
  try {
    return ScheduledResult.parse(JSON.parse(text));
  } catch {
    return failed("It did not answer as a function does.");
  }
};

const messageOf = (error: unknown): string => {
  if (error instanceof Error && error.name === "TimeoutError") return `It was not done after ${limit("scheduledMs") / 60_000} minutes.`;
  return `It ended the connection before it was done (${error instanceof Error ? error.message : String(error)}).`;
};

export class Schedules {
  readonly #underWay = new Map<string, Promise<ScheduledResult>>();

  /** `wake` is called first. The workload is not put to rest for as long as the call takes. */
  call(entry: Entry, call: ScheduledCall, wake: () => Promise<void>): Promise<ScheduledResult> {
    const key = JSON.stringify(call);
    const known = this.#underWay.get(key);
    if (known) return known;
    const calling = this.#call(entry, call, wake).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, calling);
    return calling;
  }

  async #call(entry: Entry, call: ScheduledCall, wake: () => Promise<void>): Promise<ScheduledResult> {
    entry.calls += 1;
    try {
      await wake();
      return resultOf(await askOnceOpen(bellOf(entry), call));
    } catch (error) {
      if (error instanceof SlipError) throw error;
      return failed(messageOf(error));
    } finally {
      entry.calls -= 1;
      entry.usedAt = performance.now();
    }
  }
}
