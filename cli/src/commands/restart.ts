import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const run = (call: Invocation): Promise<number> => change(call, "apps.restart", { app: first(call) });

export const restart: Command = {
  name: "restart",
  summary: "Start new instances of the live release and switch to them without a pause.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [planOption],
  examples: ["slip restart shop"],
  run,
};
