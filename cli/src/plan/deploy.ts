// The plan of a deployment, for all commands that deploy.
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { ExitCode, Invocation } from "../command.ts";
import type { Interrupts } from "../deployment/interrupt.ts";
import type { Progress } from "../deployment/progress.ts";
import { showPlan } from "./show.ts";

/** Shows what the deployment would change; gives the exit code. */
export const planDeploy = async (
  call: Invocation,
  input: InputOf<"deployments.create">,
  around: { stops: Interrupts; progress: Progress },
): Promise<ExitCode> => {
  const planned = await call.session.call("plans.create", { operation: "deployments.create", input }, { signal: around.stops.signal });
  around.progress.end();
  return showPlan(call, planned);
};
