import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { ask } from "../terminal/prompt.ts";

/** Whether the user agrees, who is asked where that is possible. Throws `usage` where it is not. */
export const agreed = async ({ options, screen }: Invocation, app: string, saying = `slip destroy ${app} --yes`): Promise<boolean> => {
  if (options.yes) return true;
  if (!process.stdin.isTTY || !screen.errorTerminal) throw new SlipError("usage", `Destroying ${app} needs your word.`, { next: `Say it with '${saying}'.` });
  return (await ask(`This removes ${app} with its releases, secrets and routes. Type its name to go on: `)) === app;
};

const run = async (call: Invocation): Promise<ExitCode> => {
  if (call.options.plan === true) return change(call, "apps.destroy", { app: first(call) });
  const { app } = await call.session.call("apps.get", { app: first(call) });
  if (!(await agreed(call, app))) {
    call.screen.note("Nothing was removed.");
    return 3;
  }
  return change(call, "apps.destroy", { app });
};

export const destroy: Command = {
  name: "destroy",
  summary: "Remove an app with its releases, routes, secrets and instances.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [{ flags: "-y, --yes", summary: "do not ask" }, planOption],
  examples: ["slip destroy shop", "slip destroy shop --yes --json", "slip destroy shop --plan"],
  run,
};
