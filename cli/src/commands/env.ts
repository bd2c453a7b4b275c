import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { appArgument, stageOption } from "./settings.ts";
import { valuesOf } from "./variables.ts";

const set = async (call: Invocation): Promise<number> => {
  const values = await valuesOf(call.rest);
  return change(call, "env.set", { app: first(call), values, stage: call.options.stage === true });
};

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("env.list", { app: first(call) });
  call.screen.list(answer, {
    heading: ["name", "value", "updated"],
    rows: answer.env.map(({ name, value, updatedAt }) => [name, value, call.screen.time(updatedAt)]),
    empty: "No variables.",
  });
  return 0;
};

const remove = (call: Invocation): Promise<number> =>
  change(call, "env.remove", { app: first(call), names: [...call.rest], stage: call.options.stage === true });

export const env: Command = {
  name: "env",
  summary: "Set, list and remove the environment variables of an app.",
  examples: ["slip env set shop LOG_LEVEL=debug", "slip env list shop"],
  commands: [
    {
      name: "set",
      summary: "Set environment variables.",
      arguments: [appArgument, { name: "NAME=VALUE", summary: "NAME=VALUE, NAME=@FILE, or NAME to give the value on standard input", many: true }],
      options: [stageOption, planOption],
      examples: ["slip env set shop LOG_LEVEL=debug REGION=eu", "slip env set shop LOG_LEVEL=debug --plan"],
      run: set,
    },
    { name: "list", summary: "List environment variables.", arguments: [appArgument], examples: ["slip env list shop"], run: list },
    {
      name: "rm",
      summary: "Remove environment variables.",
      arguments: [appArgument, { name: "NAME", summary: "names of the variables", many: true }],
      options: [stageOption, planOption],
      examples: ["slip env rm shop LOG_LEVEL"],
      run: remove,
    },
  ],
};
