// What setting variables and secrets have in common: a change of a live app is a deployment.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { ExitCode, Invocation, Option } from "../command.ts";
import { finish, showResult } from "../deployment/finish.ts";
import { exitCodeOf } from "../deployment/result.ts";

export const stageOption: Option = { flags: "--stage", summary: "keep the change for the next deployment" };
export const appArgument = { name: "APP", summary: "name of the app" };

/** Waits for the deployment that a change has started, if any, and says what happened. */
export const finishChange = async (call: Invocation, changed: OutputOf<"env.set">): Promise<ExitCode> => {
  const { app, names, deployment } = changed;
  const result = deployment && (await finish(call, deployment));
  if (call.screen.json) {
    call.screen.data({ app, names, deployment: result ?? null });
    return result ? exitCodeOf(result.outcome) : 0;
  }
  if (result) return showResult(call, result);
  call.screen.note(`Kept for the next deployment of ${app}: ${names.join(", ")}`);
  return 0;
};
