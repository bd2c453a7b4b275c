import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { finish, showResult } from "../deployment/finish.ts";
import { countOf, textOf } from "./options.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const to = countOf(textOf(call.options, "to"), "--to");
  const deployment = await call.session.call("releases.rollback", { app: first(call), ...(to && { to }) });
  return showResult(call, await finish(call, deployment));
};

export const rollback: Command = {
  name: "rollback",
  summary: "Make an earlier release live again, whole: artifact, configuration, secrets, routes.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [{ flags: "--to <N>", summary: "number of the release (else the one before)" }],
  examples: ["slip rollback shop", "slip rollback shop --to 4"],
  run,
};
