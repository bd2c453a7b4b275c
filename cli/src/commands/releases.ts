import type { Release } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";

const row = ({ screen }: Invocation, release: Release): string[] => [
  String(release.release),
  release.state,
  screen.time(release.createdAt),
  release.commit?.slice(0, 12) ?? "–",
  screen.terminal ? release.artifact.slice(0, 19) : release.artifact,
  release.deployment,
];

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("releases.list", { app: first(call) });
  call.screen.list(answer, {
    heading: ["release", "state", "created", "commit", "artifact", "deployment"],
    rows: answer.releases.map((release) => row(call, release)),
    empty: "No releases yet.",
  });
  return 0;
};

export const releases: Command = {
  name: "releases",
  summary: "List the releases of an app, newest first.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  examples: ["slip releases shop"],
  run: list,
};
