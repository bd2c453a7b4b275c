import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const run = (call: Invocation): Promise<number> => change(call, "deployments.cancel", { deployment: first(call) });

export const cancel: Command = {
  name: "cancel",
  summary: "Stop a deployment that has not ended; the old release stays.",
  arguments: [{ name: "DEPLOYMENT", summary: "id of the deployment, from 'slip deployments APP'" }],
  options: [planOption],
  examples: ["slip cancel dep_01j9x2m4c8q6w3t5y7z9b1d3f5"],
  run,
};
