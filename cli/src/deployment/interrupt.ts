// Ctrl-C while something is under way.

export interface Interrupts {
  /** Aborts at the first Ctrl-C. */
  signal: AbortSignal;
  /** From now on the first Ctrl-C calls `handler` in place of aborting, and the second one leaves. */
  onFirst(handler: () => void): void;
  stop(): void;
}

const cancelledExit = 3;

/** Takes over SIGINT until `stop`. */
export const interrupts = (): Interrupts => {
  const controller = new AbortController();
  let handle = (): void => controller.abort();
  let count = 0;
  const listener = (): void => {
    count += 1;
    if (count === 1) handle();
    else process.exit(cancelledExit);
  };
  process.on("SIGINT", listener);
  return {
    signal: controller.signal,
    onFirst: (handler) => {
      handle = handler;
      if (controller.signal.aborted) handler();
    },
    stop: () => void process.off("SIGINT", listener),
  };
};
