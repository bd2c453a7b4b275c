import type { App } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { textOf } from "./options.ts";

const row = ({ screen }: Invocation, app: App): string[] => [
  app.app,
  app.state,
  app.release === undefined ? "–" : String(app.release),
  String(app.instances),
  app.url,
  screen.time(app.createdAt),
];

const list = async (call: Invocation): Promise<ExitCode> => {
  const destroyed = call.options.destroyed === true;
  const answer = await call.session.call("apps.list", destroyed ? { destroyed } : {});
  call.screen.list(answer, {
    heading: ["app", "state", "release", "instances", "url", "created", ...(destroyed ? ["kept until"] : [])],
    rows: answer.apps.map((app) => [...row(call, app), ...(destroyed ? [app.keptUntil ?? "–"] : [])]),
    empty: "No apps yet. Make one live with 'slip deploy PATH'.",
  });
  return 0;
};

const create = async (call: Invocation): Promise<number> => {
  await call.session.ensureRunning();
  const project = textOf(call.options, "project");
  return change(call, "apps.create", { app: first(call), ...(project && { project }) });
};

export const apps: Command = {
  name: "apps",
  summary: "List the apps.",
  options: [{ flags: "--destroyed", summary: "those that were destroyed and are still kept, too" }],
  examples: ["slip apps", "slip apps --destroyed", "slip apps --json"],
  run: list,
  commands: [
    {
      name: "create",
      summary: "Make an app without deploying it, to give it secrets first.",
      arguments: [{ name: "NAME", summary: "name of the app" }],
      options: [{ flags: "--project <NAME>", summary: "the project that it is in (default)" }, planOption],
      examples: ["slip apps create shop", "slip apps create shop --project store"],
      run: create,
    },
  ],
};
