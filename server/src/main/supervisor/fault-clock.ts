// Lets a test set the clock that the platform's processes see, while they run: libfaketime stands between them and the system. There
// is none of it unless the supervisor was started with SLIP_FAULTS=1 and SLIP_FAULT_CLOCK. Pure.
import { join } from "node:path";
import type { Config } from "#platform/config.ts";

/** Debian's package libfaketime; the loader puts the machine's folder for libraries in place of $LIB. */
const library = "/usr/$LIB/faketime/libfaketimeMT.so.1";

/**
 * The same program with the clock of the test. The file `now` says how far it is from the machine's ("+1h"), and is read each
 * time that somebody looks at the clock. As when a real clock is set, what measures durations goes on as it was. Restate is not
 * started so: its program is linked statically, and loads no library.
 */
export const withClock = ({ faultClock }: Pick<Config, "faultClock">, argv: readonly [string, ...string[]]): [string, ...string[]] => {
  if (faultClock === undefined) return [...argv];
  const settings = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: join(faultClock, "now"),
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
  return ["env", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`), ...argv];
};
