// The floor of all that several processes do together: a byte to another process that does nothing else, and back.
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Echo {
  /** Sends so many bytes, each when the one before it has come back; gives how long that took, in milliseconds. */
  exchange(times: number): Promise<number>;
  end(): void;
}

export const startEcho = async (): Promise<Echo> => {
  const child = spawn(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], { stdio: ["pipe", "pipe", "inherit"] });
  const thereAndBack = async (): Promise<void> => {
    const back = once(child.stdout, "data");
    child.stdin.write("x");
    await back;
  };
  await thereAndBack();
  return {
    async exchange(times) {
      const start = performance.now();
      for (let done = 0; done < times; done += 1) await thereAndBack();
      return performance.now() - start;
    },
    end: () => void child.kill(),
  };
};
