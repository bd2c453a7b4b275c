// The end of every command that deploys: waits, shows, and says the outcome.
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { ExitCode, Invocation } from "../command.ts";
import { tookText } from "../terminal/time.ts";
import { type Interrupts, interrupts } from "./interrupt.ts";
import { type Progress, progressOn } from "./progress.ts";
import { endLines } from "./report.ts";
import { type DeployResult, exitCodeOf, resultOf } from "./result.ts";
import { watchToEnd } from "./watch.ts";

/** Prints a result: one object with --json, else the address alone; the rest goes to standard error. */
export const showResult = ({ screen }: Invocation, result: DeployResult): ExitCode => {
  if (screen.json) screen.data(result);
  else if (result.outcome === "live" && result.url !== null) screen.print(result.url);
  for (const line of endLines(result, screen.errorColours)) screen.note(line);
  return exitCodeOf(result.outcome);
};

const noteLive = ({ screen }: Invocation, result: DeployResult, startedAt: number): void => {
  if (result.outcome === "live" && screen.live)
    screen.note(`${screen.errorColours.green("✓")} ${result.app} release ${result.release} is live, in ${tookText(performance.now() - startedAt)}`);
};

const cancelOnInterrupt = ({ session }: Invocation, { app, deployment }: Deployment, { stops, progress }: { stops: Interrupts; progress: Progress }): void => {
  const cancel = (): void => {
    progress.note("Cancelling; press Ctrl-C again to leave without waiting for its end.");
    session.call("deployments.cancel", { deployment }).catch((error: SlipError) => progress.note(`error: ${error.message}`));
  };
  stops.whileRunning(cancel, () => progress.note(`Not waited for; 'slip deployments ${app}' shows what became of it.`));
};

/** Waits for the end of a deployment; Ctrl-C cancels it. */
export const finish = async (
  call: Invocation,
  deployment: Deployment,
  shared: { stops: Interrupts; progress: Progress; startedAt: number } = {
    stops: interrupts(),
    progress: progressOn(call.screen),
    startedAt: performance.now(),
  },
): Promise<DeployResult> => {
  const { stops, progress, startedAt } = shared;
  cancelOnInterrupt(call, deployment, shared);
  try {
    const result = resultOf(await watchToEnd(call.session, deployment, progress.update));
    progress.end();
    noteLive(call, result, startedAt);
    return result;
  } finally {
    progress.end();
    stops.stop();
  }
};
