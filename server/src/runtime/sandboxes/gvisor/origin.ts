// By which Go a runsc was made: one that was made by a later Go than it knows ends at any moment.
import { readFile } from "node:fs/promises";
import { exec } from "#platform/exec.ts";

/** Before the version of Go that every program of it has in it (Go's debug/buildinfo, as it is since Go 1.18). */
const mark = Buffer.from("\xff Go buildinf:", "latin1");
const markAlign = 16;
const inlineFlag = 2;
const [flagsAt, lengthAt] = [15, 32];

/** Such as "go1.24.4"; undefined where it does not say. Pure. */
export const goOf = (program: Buffer): string | undefined => {
  for (let at = program.indexOf(mark); at >= 0; at = program.indexOf(mark, at + 1)) {
    if (at % markAlign !== 0 || ((program[at + flagsAt] ?? 0) & inlineFlag) === 0) continue;
    const textAt = at + lengthAt + 1;
    return program.toString("latin1", textAt, textAt + (program[at + lengthAt] ?? 0));
  }
  return undefined;
};

/**
 * gVisor looks up the number of the running goroutine where Go keeps it, and ends where that is not what it was (pkg/goid, assertTaskGoroutine).
 * Go 1.25 keeps it elsewhere, which no gVisor from before knows: Ubuntu 26.04 has such a one.
 */
const [movedBy, knownSince] = [25, 20250601];

/** What is wrong with a runsc of this version, made by this Go; undefined where nothing is. Pure. */
export const troubleOf = (version: string, go: string | undefined): string | undefined => {
  const date = Number(/\d{8}/.exec(version)?.[0] ?? Number.POSITIVE_INFINITY);
  const minor = Number(/^go1\.(\d+)/.exec(go ?? "")?.[1] ?? 0);
  return minor >= movedBy && date < knownSince ? `runsc of ${date} was made by ${go}, which it does not know: its sandboxes end at any moment` : undefined;
};

export const gvisorTrouble = async (program: string): Promise<string | undefined> => {
  const [{ stdout }, bytes] = await Promise.all([exec([program, "--version"], { timeoutMs: 10_000 }), readFile(program)]);
  return troubleOf(stdout.split("\n")[0] ?? "", goOf(bytes));
};
