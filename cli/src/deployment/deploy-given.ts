// Deploys what stands in the call, to its end.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { ExitCode, Invocation } from "../command.ts";
import { planDeploy } from "../plan/deploy.ts";
import { begin } from "./begin.ts";
import { showResult } from "./finish.ts";
import { interrupts } from "./interrupt.ts";
import { progressOn } from "./progress.ts";
import { cancelledEarly, failedEarly } from "./result.ts";

/** Prints as `slip deploy` does, and ends with the same exit codes. */
export const deployGiven = async (call: Invocation, input: InputOf<"deployments.create">): Promise<ExitCode> => {
  const startedAt = performance.now();
  const [stops, progress] = [interrupts(), progressOn(call.screen)];
  try {
    progress.say("sending");
    if (call.options.plan === true) return await planDeploy(call, input, { stops, progress });
    return await begin(call, input, { stops, progress, startedAt });
  } catch (error) {
    progress.end();
    const result = stops.signal.aborted
      ? cancelledEarly(input.app)
      : error instanceof SlipError && call.options.plan !== true
        ? failedEarly(input.app, error)
        : undefined;
    if (!result) throw error;
    return showResult(call, result);
  } finally {
    progress.end();
    stops.stop();
  }
};
