// Ctrl-C while something is under way.

export interface Interrupts {
  /** Aborts at the first Ctrl-C. */
  signal: AbortSignal;
  /** From now on the first Ctrl-C calls `first` in place of aborting, and the second one leaves, after `leaving`. */
  whileRunning(first: () => void, leaving: () => void): void;
  /** Whether Ctrl-C has been pressed. */
  interrupted(): boolean;
  stop(): void;
}

const cancelledExit = 3;

/** Takes over SIGINT until `stop`. */
export const interrupts = (): Interrupts => {
  const controller = new AbortController();
  let handle = (): void => controller.abort();
  let leave = (): void => {};
  let count = 0;
  const listener = (): void => {
    count += 1;
    if (count > 1) {
      leave();
      process.exit(cancelledExit);
    }
    handle();
  };
  process.on("SIGINT", listener);
  return {
    signal: controller.signal,
    whileRunning: (first, leaving) => {
      [handle, leave] = [first, leaving];
      if (count > 0) first();
    },
    interrupted: () => count > 0,
    stop: () => void process.off("SIGINT", listener),
  };
};
