// What a command says when its operation has answered: the same, whether it was asked for itself or by a plan that was applied.
import type { OperationName, OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Invocation } from "../command.ts";
import { finishChange } from "../commands/settings.ts";
import { finish, showResult } from "../deployment/finish.ts";
import { exitCodeOf } from "../deployment/result.ts";
import { accessOutcomes } from "./outcomes/access.ts";
import { approvalOutcomes } from "./outcomes/approvals.ts";
import { tellAudit } from "./outcomes/audit.ts";
import { endOfCommand } from "./outcomes/commands.ts";
import { say, sayWithNote } from "./outcomes/say.ts";
import { webhookOutcomes } from "./outcomes/webhooks.ts";

/** Gives the exit code. `secret` is what was made for it by this very command, and is shown once. */
type Outcome<N extends OperationName> = (call: Invocation, output: OutputOf<N>, secret?: string) => number | Promise<number>;

const untilLive = async (call: Invocation, deployment: Deployment): Promise<number> => showResult(call, await finish(call, deployment));

/** Of a change that a deployment carries out where the app is live: waits for that, and says `otherwise` where there is none. */
const withDeployment = async (call: Invocation, { deployment, ...done }: { deployment?: Deployment | undefined }, otherwise: string): Promise<number> => {
  const result = deployment && (await finish(call, deployment));
  if (call.screen.json) call.screen.data({ ...done, deployment: result ?? null });
  else if (result) showResult(call, result);
  else return say(call, done, otherwise, false);
  return result ? exitCodeOf(result.outcome) : 0;
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
  "apps.restore": async (call, restored) => {
    if (restored.deployment !== undefined || call.screen.json) return withDeployment(call, restored, "");
    return say(call, restored, `${restored.app} is back; it had no live release`);
  },
  "apps.run": endOfCommand,
  "deployments.create": untilLive,
  "deployments.cancel": (call, deployment) => say(call, deployment, `${deployment.deployment} is ${deployment.state}`),
  "releases.rollback": untilLive,
  "env.set": finishChange,
  "env.remove": finishChange,
  "secrets.set": finishChange,
  "secrets.remove": finishChange,
  "secrets.restore": finishChange,
  "domains.add": (call, domain) => say(call, domain, domain.url),
  "domains.remove": (call, removed) => say(call, removed, `${removed.domain} is no longer served`, false),
  "projects.create": (call, project) => say(call, project, project.project),
  "keys.rotate": (call, rotated) =>
    sayWithNote(call, rotated, {
      line: rotated.key,
      note: `${rotated.resealed} values were sealed with the new key; the one of before is gone. Back up SLIP_HOME/control again, with the database.`,
    }),
  "journal.undo": (call, undone) =>
    withDeployment(
      call,
      undone,
      `Undone by ${undone.operation}${undone.app === undefined ? "" : ` of ${undone.app}`}; 'slip undo ${undone.entry}' does it again.`,
    ),
  "platform.audit": tellAudit,
  ...accessOutcomes,
  ...approvalOutcomes,
  ...webhookOutcomes,
} as const satisfies { [N in OperationName]?: Outcome<N> };

export type ChangeName = keyof typeof outcomes;
/** Those that let somebody in with a secret, of which the platform is sent the hash. */
export type SecretName = "tokens.create" | "members.invite" | "token.rotate" | "sessions.code";

export const outcomeOf = <N extends ChangeName>(name: N): Outcome<N> => outcomes[name] as unknown as Outcome<N>;

export const hasOutcome = (name: string): name is ChangeName => Object.hasOwn(outcomes, name);
