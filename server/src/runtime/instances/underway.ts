// The start, or the end, of a program that is under way: who removes it waits for that, so that nothing is made after it was removed.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

const lookAgainMs = 20;

export class Underway {
  #now: Promise<unknown> = Promise.resolve();

  /** What is under way from here on. */
  is<T>(work: Promise<T>): Promise<T> {
    this.#now = work.catch(() => {});
    return work;
  }

  /** Resolves when nothing is. A start takes its time to make a sandbox, and fails at once when `kill` has ended the processes of that. */
  async over(kill: () => void): Promise<void> {
    let isOver = false;
    const over = this.#now.finally(() => {
      isOver = true;
    });
    for (await Promise.race([over, nextTurn()]); !isOver; await Promise.race([over, sleep(lookAgainMs)])) kill();
  }
}
