// What a command says when its operation has answered: the same, whether it was asked for itself or by a plan that was applied.
import type { OperationName, OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { ExitCode, Invocation } from "../command.ts";
import { finishChange } from "../commands/settings.ts";
import { finish, showResult } from "../deployment/finish.ts";

type Outcome<N extends OperationName> = (call: Invocation, output: OutputOf<N>) => ExitCode | Promise<ExitCode>;

const untilLive = async (call: Invocation, deployment: Deployment): Promise<ExitCode> => showResult(call, await finish(call, deployment));

/** Data with --json, else a line; `isData` where the line is what was asked for. */
const say = ({ screen }: Invocation, output: unknown, line: string, isData = true): ExitCode => {
  if (screen.json) screen.data(output);
  else if (isData) screen.print(line);
  else screen.note(line);
  return 0;
};

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

export const outcomes = {
  "apps.create": (call, app) => say(call, app, app.app),
  "apps.scale": (call, app) => say(call, app, `${app.app} runs ${counted(app.instances, "instance")}`),
  "apps.restart": untilLive,
  "apps.destroy": (call, { app, releases, keptUntil, ...rest }) => {
    const [answer, count] = [{ app, releases, ...(keptUntil === undefined ? {} : { keptUntil }), ...rest }, counted(releases, "release")];
    if (keptUntil === undefined) return say(call, answer, `${app} is gone, with ${count}`);
    if (!call.screen.json) call.screen.note(`Bring it back with 'slip restore ${app}'.`);
    return say(call, answer, `${app} is off the air; it is kept with ${count} until ${keptUntil}`);
  },
  "deployments.create": untilLive,
  "releases.rollback": untilLive,
  "env.set": finishChange,
  "env.remove": finishChange,
  "secrets.set": finishChange,
  "secrets.remove": finishChange,
  "secrets.restore": finishChange,
  "domains.add": (call, domain) => say(call, domain, domain.url),
  "domains.remove": (call, removed) => say(call, removed, `${removed.domain} is no longer served`, false),
} as const satisfies { [N in OperationName]?: Outcome<N> };

export type ChangeName = keyof typeof outcomes;

export const outcomeOf = <N extends ChangeName>(name: N): Outcome<N> => outcomes[name] as unknown as Outcome<N>;

export const hasOutcome = (name: string): name is ChangeName => Object.hasOwn(outcomes, name);
