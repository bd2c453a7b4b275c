import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { finish, showResult } from "../deployment/finish.ts";

const run = async (call: Invocation): Promise<ExitCode> => showResult(call, await finish(call, await call.session.call("apps.restart", { app: first(call) })));

export const restart: Command = {
  name: "restart",
  summary: "Start new instances of the live release and switch to them without a pause.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  examples: ["slip restart shop"],
  run,
};
