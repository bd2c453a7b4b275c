import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { countOf } from "./options.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const instances = countOf(call.args[1], "N") ?? 1;
  const app = await call.session.call("apps.scale", { app: first(call), instances });
  if (call.screen.json) call.screen.data(app);
  else call.screen.print(`${app.app} runs ${app.instances} ${app.instances === 1 ? "instance" : "instances"}`);
  return 0;
};

export const scale: Command = {
  name: "scale",
  summary: "Set how many instances of an app run.",
  arguments: [
    { name: "APP", summary: "name of the app" },
    { name: "N", summary: "number of instances" },
  ],
  examples: ["slip scale shop 3"],
  run,
};
