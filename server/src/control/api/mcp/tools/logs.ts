// Tools that say what happened, in the words of the app too.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { LogSource } from "@slipstream/contract/logs.ts";
import { AppName, type Deployment, DeploymentId } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { Failure, failureFor } from "../outcome.ts";
import { tool } from "../tool.ts";
import { Untrusted, type Untrusted as UntrustedText, untrusted } from "../untrusted.ts";

const lineLength = 500;
const lengthMax = 8_000;
const searchMax = 10_000;

const textOf = ({ time, source, stream, text }: LogLine): string => `${time} ${source}${stream === "stderr" ? " stderr" : ""} ${text}`;

export interface LogFilter {
  app: string;
  source?: readonly LogSource[] | undefined;
  deployment?: string | undefined;
  since?: string | undefined;
  grep?: string | undefined;
  stream?: "stdout" | "stderr" | undefined;
  limit: number;
}

/** The last lines that fit the filter and an agent's attention. */
export const readLog = async (asking: Asking, { app, source, deployment, since, grep, stream, limit }: LogFilter): Promise<UntrustedText> => {
  const query = {
    app,
    ...(source === undefined ? {} : { source: source.join(",") }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(since === undefined ? {} : { since }),
    ...(grep === undefined ? {} : { grep }),
    limit: stream === undefined ? limit : searchMax,
  };
  const lines: string[] = [];
  for await (const line of await asking.lines("logs.read", query, asking.signal)) if (stream === undefined || line.stream === stream) lines.push(textOf(line));
  return untrusted(lines, { lines: limit, lineLength, length: lengthMax });
};

export const logs = tool({
  name: "logs",
  title: "Read logs",
  description: "The last lines of an app's log, oldest first; also of releases that are gone.",
  kind: "reads",
  repeatable: true,
  input: z.object({
    app: AppName,
    source: z.array(LogSource).optional().describe("default: runtime"),
    deployment: DeploymentId.optional(),
    since: z.iso.datetime().optional(),
    grep: z.string().max(1_024).optional().describe("lines that contain this text"),
    stream: z.enum(["stdout", "stderr"]).optional(),
    limit: z.int().min(1).max(500).default(50),
  }),
  output: z.object({ app: z.string(), output: Untrusted }),
  run: async (input, asking) => ({ value: { app: input.app, output: await readLog(asking, input) } }),
});

export const lastFailure = async (asking: Asking, app: string): Promise<Deployment> => {
  const { deployments } = await asking.do("deployments.list", { app, limit: 100 });
  const failed = deployments.find(({ failure }) => failure !== undefined);
  if (!failed) throw new SlipError("not_found", `No deployment of ${app} has failed.`, { next: "Look at its status." });
  return failed;
};

const linesShown = 30;

export const explainFailure = tool({
  name: "explain_failure",
  title: "Explain a failure",
  description: "Why a deployment failed, with what the app said and what to do: of an app's last failure, or of one deployment.",
  kind: "reads",
  repeatable: true,
  input: z.object({ app: AppName.optional(), deployment: DeploymentId.optional() }),
  output: Failure.extend({ app: z.string(), deployment: z.string(), log: Untrusted.optional() }),
  async run({ app, deployment: id }, asking) {
    if (app === undefined && id === undefined) throw new SlipError("invalid_input", "Neither an app nor a deployment is named.", { next: "Name one of them." });
    const deployment = id === undefined ? await lastFailure(asking, app ?? "") : await asking.do("deployments.get", { deployment: id });
    const { failure } = deployment;
    if (!failure)
      throw new SlipError("conflict", `The deployment ${deployment.deployment} has not failed: it is ${deployment.state}.`, { next: "Wait for it." });
    const log = await readLog(asking, { app: deployment.app, source: ["build", "runtime"], deployment: deployment.deployment, limit: linesShown });
    return { value: { app: deployment.app, deployment: deployment.deployment, ...failureFor(failure), ...(log.lines.length === 0 ? {} : { log }) } };
  },
});
