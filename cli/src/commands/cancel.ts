import { type Command, type ExitCode, first, type Invocation } from "../command.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const deployment = await call.session.call("deployments.cancel", { deployment: first(call) });
  if (call.screen.json) call.screen.data(deployment);
  else call.screen.print(`${deployment.deployment} is ${deployment.state}`);
  return 0;
};

export const cancel: Command = {
  name: "cancel",
  summary: "Stop a deployment that has not ended; the old release stays.",
  arguments: [{ name: "DEPLOYMENT", summary: "id of the deployment, from 'slip deployments APP'" }],
  examples: ["slip cancel dep_01j9x2m4c8q6w3t5y7z9b1d3f5"],
  run,
};
