import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { ask } from "../terminal/prompt.ts";

const agreed = async ({ options, screen }: Invocation, app: string): Promise<boolean> => {
  if (options.yes) return true;
  if (!process.stdin.isTTY || !screen.errorTerminal)
    throw new SlipError("usage", `Destroying ${app} needs your word.`, { next: `Say it with 'slip destroy ${app} --yes'.` });
  return (await ask(`This removes ${app} with its releases, secrets and routes. Type its name to go on: `)) === app;
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const { app } = await call.session.call("apps.get", { app: first(call) });
  if (!(await agreed(call, app))) {
    call.screen.note("Nothing was removed.");
    return 3;
  }
  const destroyed = await call.session.call("apps.destroy", { app });
  if (call.screen.json) call.screen.data(destroyed);
  else call.screen.print(`${destroyed.app} is gone, with ${destroyed.releases} ${destroyed.releases === 1 ? "release" : "releases"}`);
  return 0;
};

export const destroy: Command = {
  name: "destroy",
  summary: "Remove an app with its releases, routes, secrets and instances.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [{ flags: "-y, --yes", summary: "do not ask" }],
  examples: ["slip destroy shop", "slip destroy shop --yes --json"],
  run,
};
