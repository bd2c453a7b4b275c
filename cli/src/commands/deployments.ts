import type { Deployment } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { tookText } from "../terminal/time.ts";
import { pageOf, pageOptions } from "./options.ts";

const tookOf = ({ createdAt, endedAt }: Deployment): string => (endedAt === undefined ? "–" : tookText(Date.parse(endedAt) - Date.parse(createdAt)));

const row = ({ screen }: Invocation, deployment: Deployment): string[] => [
  deployment.deployment,
  deployment.kind,
  deployment.state,
  deployment.release === undefined ? "–" : String(deployment.release),
  screen.time(deployment.createdAt),
  tookOf(deployment),
  deployment.commit?.slice(0, 12) ?? "–",
  deployment.failure?.code ?? deployment.phase ?? "",
];

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("deployments.list", { app: first(call), ...pageOf(call.options) });
  call.screen.list(answer, {
    heading: ["deployment", "kind", "state", "release", "created", "took", "commit", "detail"],
    rows: answer.deployments.map((deployment) => row(call, deployment)),
    empty: "No deployments yet.",
  });
  return 0;
};

export const deployments: Command = {
  name: "deployments",
  summary: "List the deployments of an app, newest first.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: pageOptions,
  examples: ["slip deployments shop"],
  run: list,
};
