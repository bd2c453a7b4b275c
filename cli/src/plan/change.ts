// The one way in which commands change something: at once, or with --plan as a plan that is only shown.
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { Invocation, Option } from "../command.ts";
import { hashOf, secretFor } from "../terminal/secret.ts";
import { type ChangeName, outcomeOf, type SecretName } from "./outcomes.ts";
import { showPlan } from "./show.ts";

export const planOption: Option = { flags: "--plan", summary: "show what it would change, and change nothing" };

export const isPlanned = ({ options }: Invocation): boolean => options.plan === true;

/** Gives the exit code, as all of these. */
export const change = async <N extends ChangeName>(call: Invocation, name: N, input: InputOf<N>): Promise<number> => {
  const { session } = call;
  if (!isPlanned(call)) return outcomeOf(name)(call, await session.call(name, input));
  await session.check(name, input);
  return showPlan(call, await session.call("plans.create", { operation: name, input }));
};

/** The same of what lets somebody in: its secret is made here, when it is done, and the platform is sent the hash alone. */
export const changeWithSecret = async <N extends SecretName>(call: Invocation, name: N, input: Omit<InputOf<N>, "sha256">): Promise<number> => {
  const { session } = call;
  const secret = secretFor(name);
  const whole = { ...input, sha256: hashOf(secret) } as InputOf<N>;
  if (!isPlanned(call)) return outcomeOf(name)(call, await session.call(name, whole), secret);
  await session.check(name, whole);
  return showPlan(call, await session.call("plans.create", { operation: name, input }));
};
