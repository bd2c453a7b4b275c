// What every command that deploys does once its source is with the platform.
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { ExitCode, Invocation } from "../command.ts";
import { finish, showResult } from "./finish.ts";
import type { Interrupts } from "./interrupt.ts";
import type { Progress } from "./progress.ts";

export interface Begun {
  stops: Interrupts;
  progress: Progress;
  startedAt: number;
}

/** It is not broken off by Ctrl-C: what it makes has no id yet by which it could be cancelled. */
const create = (call: Invocation, input: InputOf<"deployments.create">, { stops, progress }: Begun): Promise<Deployment> => {
  stops.whileRunning(
    () => progress.say("cancelling"),
    () => progress.note("Not waited for; 'slip apps' shows what became of it."),
  );
  return call.session.call("deployments.create", input);
};

/** Makes a deployment and sees it to its end, or prints its id with --detach. Gives the exit code. */
export const begin = async (call: Invocation, input: InputOf<"deployments.create">, begun: Begun): Promise<ExitCode> => {
  const deployment = await create(call, input, begun);
  if (!call.options.detach || begun.stops.interrupted()) return showResult(call, await finish(call, deployment, begun));
  begun.progress.end();
  if (call.screen.json) call.screen.data(deployment);
  else call.screen.print(deployment.deployment);
  return 0;
};
