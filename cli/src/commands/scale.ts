import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { countOf } from "./options.ts";

const run = async (call: Invocation): Promise<number> => {
  const instances = countOf(call.args[1], "N") ?? 1;
  return change(call, "apps.scale", { app: first(call), instances });
};

export const scale: Command = {
  name: "scale",
  summary: "Set how many instances of an app run.",
  arguments: [
    { name: "APP", summary: "name of the app" },
    { name: "N", summary: "number of instances" },
  ],
  options: [planOption],
  examples: ["slip scale shop 3", "slip scale shop 1 --plan"],
  run,
};
