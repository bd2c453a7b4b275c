import type { Plan } from "@slipstream/contract/plan.ts";
import { type Command, first, type Invocation } from "../command.ts";
import { hasOutcome, outcomeOf } from "../plan/outcomes.ts";
import { takingPlace } from "../platform/own-token.ts";
import { hashOf, secretFor } from "../terminal/secret.ts";
import { agreed } from "./destroy.ts";

const isAgreed = async (call: Invocation, { plan, operation, app, state, inverse }: Plan): Promise<boolean> => {
  // One that cannot be applied is refused in any case, with the reason.
  return (
    operation !== "apps.destroy" ||
    app === undefined ||
    state !== "open" ||
    agreed(call, app, { saying: `slip apply ${plan} --yes`, purge: inverse === undefined })
  );
};

const run = async (call: Invocation): Promise<number> => {
  const plan = first(call);
  const planned = await call.session.call("plans.get", { plan });
  if (!(await isAgreed(call, planned))) {
    call.screen.note("Nothing was changed.");
    return 3;
  }
  const secret = planned.asks === undefined ? undefined : secretFor(planned.operation);
  const ask = () => call.session.call("plans.apply", { plan, ...(secret === undefined ? {} : { sha256: hashOf(secret) }) });
  const isOwnToken = planned.operation === "token.rotate" && secret !== undefined;
  const { operation, output } = await (isOwnToken ? takingPlace(call, secret, ask) : ask());
  if (hasOutcome(operation)) return outcomeOf(operation)(call, output as never, secret);
  if (call.screen.json) call.screen.data(output);
  else call.screen.print(JSON.stringify(output));
  return 0;
};

export const apply: Command = {
  name: "apply",
  summary: "Do what was planned, or nothing when something has changed since.",
  arguments: [{ name: "PLAN", summary: "id of the plan, as --plan printed it" }],
  options: [{ flags: "-y, --yes", summary: "do not ask before an app is destroyed" }],
  notes: "It ends as the planned command itself would. A plan that is stale, expired or applied already changes nothing and ends with 2.",
  examples: ["slip deploy . --plan", "slip apply pln_01j9x2m4c8q6w3t5y7z9b1d3f5", "slip apply pln_01j9x2m4c8q6w3t5y7z9b1d3f5 --json"],
  run,
};
