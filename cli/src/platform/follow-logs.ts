// Lines of a log that go on when the platform went away and came back.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { brokeOff, type Session, waitForReturn } from "./session.ts";

const keyOf = (line: LogLine): string => JSON.stringify([line.instance, line.deployment, line.source, line.stream, line.text]);

/** Lines of the last moment that was seen: what comes again after a new connection is left out. */
const seenLines = () => {
  let time = "";
  let counts = new Map<string, number>();
  return {
    get time() {
      return time;
    },
    add(line: LogLine) {
      if (line.time !== time) counts = new Map();
      time = line.time;
      counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
    },
    /** What is left out of a new connection: so many of each line. */
    repeated: () => ({ time, counts: new Map(counts) }),
  };
};

type Repeated = ReturnType<ReturnType<typeof seenLines>["repeated"]>;

const isRepeated = (line: LogLine, { time, counts }: Repeated): boolean => {
  // One before that time is new: the clock was set back, for none so old was asked for.
  if (line.time !== time) return false;
  const left = counts.get(keyOf(line)) ?? 0;
  counts.set(keyOf(line), left - 1);
  return left > 0;
};

/** Lines as logs.read gives them; while following, a broken connection is made again. Throws `unreachable` after a minute. */
export async function* followLogs(session: Session, input: InputOf<"logs.read">): AsyncGenerator<LogLine> {
  const seen = seenLines();
  for (let connected = false, since = performance.now(); ; ) {
    const repeated = seen.repeated();
    try {
      for await (const line of session.lines("logs.read", seen.time === "" ? input : { ...input, since: seen.time, limit: 100_000 })) {
        connected = true;
        since = performance.now();
        if (isRepeated(line, repeated)) continue;
        seen.add(line);
        yield line;
      }
      if (input.follow !== true) return;
      await waitForReturn(new SlipError("unreachable", "The platform went away."), since);
    } catch (error) {
      if (input.follow !== true || !(connected || brokeOff(error))) throw error;
      connected = true;
      await waitForReturn(error, since);
    }
  }
}
