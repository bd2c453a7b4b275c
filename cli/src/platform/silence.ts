// Whether a platform that has not answered yet is at work or stands still.
import type { Client } from "@slipstream/contract/client.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

/** `stopped` is aborted once the platform stands still. */
export interface Watch extends Disposable {
  stopped: AbortSignal;
}

const seconds = (ms: number): string => `${ms / 1_000} s`;

/** What is said where nothing answers: what was asked for may still be read when the platform goes on. */
export const standsStill = (mayChange: boolean): SlipError =>
  new SlipError("unreachable", `The platform has not answered within ${seconds(limit("answerMs") + limit("statusMs"))}.`, {
    next: `'slip status' says which of its processes stands still.${mayChange ? " What you asked for may be done when it goes on: look before you ask again." : ""}`,
  });

/** Any answer counts, also a refusal, and that nobody listens: who asked sees that by itself. */
const answers = async (client: Client): Promise<boolean> => {
  try {
    await client.call("platform.status", {}, { signal: AbortSignal.timeout(limit("statusMs")) });
    return true;
  } catch (error) {
    return error instanceof SlipError;
  }
};

/** A request may take long, so what is bounded is not its answer but that of another one, which always comes at once. */
export const watchSilence = (client: Client): Watch => {
  const stop = new AbortController();
  let timer: NodeJS.Timeout;
  let over = false;
  const lookLater = (): void => {
    timer = setTimeout(() => void look(), limit("answerMs"));
  };
  const look = async (): Promise<void> => {
    const answered = await answers(client);
    if (over) return;
    if (answered) lookLater();
    else stop.abort();
  };
  lookLater();
  return {
    stopped: stop.signal,
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
    },
  };
};
