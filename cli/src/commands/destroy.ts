import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { ask } from "../terminal/prompt.ts";

const question = (app: string, purge: boolean): string =>
  purge
    ? `This removes ${app} for good, with its releases, secrets, logs and host names. Type its name to go on: `
    : `This takes ${app} off the air; it is kept for 72 hours. Type its name to go on: `;

/** Whether the user agrees, who is asked where that is possible. Throws `usage` where it is not. */
export const agreed = async ({ options, screen }: Invocation, app: string, asked: { saying?: string; purge?: boolean } = {}): Promise<boolean> => {
  const { purge = false, saying = `slip destroy ${app}${purge ? " --purge" : ""} --yes` } = asked;
  if (options.yes) return true;
  if (!process.stdin.isTTY || !screen.errorTerminal) throw new SlipError("usage", `Destroying ${app} needs your word.`, { next: `Say it with '${saying}'.` });
  return (await ask(question(app, purge))) === app;
};

const run = async (call: Invocation): Promise<number> => {
  const purge = call.options.purge === true;
  if (call.options.plan === true) return change(call, "apps.destroy", { app: first(call), purge });
  const { app } = await call.session.call("apps.get", { app: first(call) });
  if (!(await agreed(call, app, { purge }))) {
    call.screen.note("Nothing was removed.");
    return 3;
  }
  return change(call, "apps.destroy", { app, purge });
};

export const destroy: Command = {
  name: "destroy",
  summary: "Take an app off the air; it is kept for 72 hours, then removed for good.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [
    { flags: "-y, --yes", summary: "do not ask" },
    { flags: "--purge", summary: "remove it for good now; also one that was destroyed before" },
    planOption,
  ],
  examples: ["slip destroy shop", "slip destroy shop --purge", "slip destroy shop --yes --json", "slip destroy shop --plan"],
  run,
};
