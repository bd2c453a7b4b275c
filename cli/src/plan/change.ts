// The one way in which commands change something: at once, or with --plan as a plan that is only shown.
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { ExitCode, Invocation, Option } from "../command.ts";
import { type ChangeName, outcomeOf } from "./outcomes.ts";
import { showPlan } from "./show.ts";

export const planOption: Option = { flags: "--plan", summary: "show what it would change, and change nothing" };

export const change = async <N extends ChangeName>(call: Invocation, name: N, input: InputOf<N>): Promise<ExitCode> => {
  const { session, options } = call;
  if (options.plan !== true) return outcomeOf(name)(call, await session.call(name, input));
  await session.check(name, input);
  return showPlan(call, await session.call("plans.create", { operation: name, input }));
};
