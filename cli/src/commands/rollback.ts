import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { countOf, textOf } from "./options.ts";

const run = async (call: Invocation): Promise<number> => {
  const to = countOf(textOf(call.options, "to"), "--to");
  return change(call, "releases.rollback", { app: first(call), ...(to && { to }) });
};

export const rollback: Command = {
  name: "rollback",
  summary: "Make an earlier release live again, whole: artifact, configuration, secrets, routes.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [{ flags: "--to <N>", summary: "number of the release (else the one before)" }, planOption],
  examples: ["slip rollback shop", "slip rollback shop --to 4", "slip rollback shop --plan"],
  run,
};
