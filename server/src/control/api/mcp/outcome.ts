// What an agent is told of a deployment, and how it is followed to its end.
import { type Deployment, type FailureReport, NeededApproval } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { knownError } from "../known-error.ts";
import type { Asking } from "./asking.ts";
import type { Done } from "./tool.ts";
import { withTools } from "./tool-words.ts";
import { said, Untrusted, untrusted } from "./untrusted.ts";

/** Clients give up after a minute unless they hear of progress. */
const usualWaitSeconds = 50;
const waitSecondsMax = 600;

export const waitSeconds = z.int().min(0).max(waitSecondsMax).default(usualWaitSeconds);

export const Failure = z.object({
  phase: z.string(),
  code: z.string(),
  summary: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  cause: z.string().optional(),
  approval: NeededApproval.optional(),
  next: z.array(z.string()),
  output: Untrusted.optional(),
});

export const Outcome = z.object({
  state: z.string(),
  app: z.string(),
  deployment: z.string(),
  url: z.string().optional(),
  release: z.int().optional(),
  phase: z.string().optional(),
  seconds: z.number().optional(),
  next: z.string().optional(),
  failure: z.looseObject({}).optional(),
  notes: z.looseObject({}).optional(),
});
export type Outcome = z.input<typeof Outcome>;

const evidenceBounds = { lines: 20, lineLength: 300, length: 2_000 };

export const failureFor = ({ phase, code, summary, file, line, evidence, suspectedCause, approval, nextActions }: FailureReport): z.input<typeof Failure> => ({
  phase,
  code,
  summary: said(summary),
  ...(file === undefined ? {} : { file: said(file) }),
  ...(line === undefined ? {} : { line }),
  ...(suspectedCause === undefined ? {} : { cause: said(suspectedCause) }),
  ...(approval === undefined ? {} : { approval }),
  next: nextActions.map((action) => withTools(said(action))),
  ...(evidence.length === 0 ? {} : { output: untrusted(evidence, evidenceBounds) }),
});

export const isOpen = ({ state }: Pick<Deployment, "state">): boolean => state === "waiting" || state === "running";

const secondsOf = ({ createdAt, endedAt }: Deployment): number | undefined =>
  endedAt === undefined ? undefined : Math.round((Date.parse(endedAt) - Date.parse(createdAt)) / 10) / 100;

export const outcomeOf = (deployment: Deployment): Outcome => {
  const { state, app, url, release, phase, failure, notes } = deployment;
  const seconds = secondsOf(deployment);
  return {
    state,
    app,
    deployment: deployment.deployment,
    ...(state === "live" && url !== undefined ? { url } : {}),
    ...(release === undefined ? {} : { release }),
    ...(phase === undefined ? {} : { phase }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(isOpen(deployment) ? { next: "Call wait with this deployment." } : {}),
    ...(failure === undefined ? {} : { failure: failureFor(failure) }),
    // They name files of the source.
    ...(notes === undefined ? {} : { notes: untrusted(notes, evidenceBounds) }),
  };
};

const progressOf = ({ state, phase, phases }: Deployment): string => {
  const done = phases.map(({ name, ms }) => `${name} ${(ms / 1_000).toFixed(1)} s`).join(", ");
  return [phase ?? state, ...(done === "" ? [] : [`done: ${done}`])].join("; ");
};

/**
 * The deployment as it is when it has ended, when the time is over, when the client has cancelled, or when nobody can say: it goes on
 * meanwhile, and is asked for by its id. Tells the client of each change.
 */
const follow = async (asking: Asking, deployment: Deployment, seconds: number): Promise<Deployment> => {
  const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(seconds * 1_000)]);
  let last = deployment;
  if (!isOpen(last) || signal.aborted) return last;
  try {
    for await (const now of await asking.lines("deployments.watch", { deployment: deployment.deployment }, signal)) {
      last = now;
      await asking.tell(progressOf(now));
    }
  } catch (error) {
    if (knownError(error).code !== "unreachable") throw error;
  }
  return last;
};

/** Without signs of progress a client, and what is between, gives up on a call after a minute. */
export const boundFor = (asking: Asking, seconds: number): number => (asking.hasProgress ? seconds : Math.min(seconds, usualWaitSeconds));

const told = (deployment: Deployment): Done<Outcome> => {
  const outcome = outcomeOf(deployment);
  return deployment.state === "failed" ? { failure: outcome } : { value: outcome };
};

/** Waits for a deployment that somebody else began: a client that cancels the call only stops waiting. */
export const awaited = async (asking: Asking, deployment: Deployment, seconds: number): Promise<Done<Outcome>> =>
  told(await follow(asking, deployment, boundFor(asking, seconds)));

/** Waits for a deployment that this call began: a client that cancels the call cancels the deployment. */
export const carriedOut = async (asking: Asking, deployment: Deployment, seconds: number): Promise<Done<Outcome>> => {
  const last = await follow(asking, deployment, boundFor(asking, seconds));
  if (!asking.signal.aborted || !isOpen(last)) return told(last);
  return told(await asking.do("deployments.cancel", { deployment: deployment.deployment }));
};
