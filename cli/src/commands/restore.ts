import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const run = (call: Invocation): Promise<number> => change(call, "apps.restore", { app: first(call) });

export const restore: Command = {
  name: "restore",
  summary: "Bring a destroyed app back, with the release that was live.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [planOption],
  examples: ["slip apps --destroyed", "slip restore shop"],
  run,
};
