import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { finish, showResult } from "../deployment/finish.ts";
import { exitCodeOf } from "../deployment/result.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const { app, deployment } = await call.session.call("apps.restore", { app: first(call) });
  const result = deployment && (await finish(call, deployment));
  if (call.screen.json) call.screen.data({ app, deployment: result ?? null });
  else if (result) showResult(call, result);
  else call.screen.print(`${app} is back; it had no live release`);
  return result ? exitCodeOf(result.outcome) : 0;
};

export const restore: Command = {
  name: "restore",
  summary: "Bring a destroyed app back, with the release that was live.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  examples: ["slip apps --destroyed", "slip restore shop"],
  run,
};
