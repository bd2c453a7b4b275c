import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { appArgument, stageOption } from "./settings.ts";
import { valuesOf } from "./variables.ts";

const set = async (call: Invocation): Promise<number> => {
  const values = await valuesOf(call.rest);
  return change(call, "secrets.set", { app: first(call), values, stage: call.options.stage === true });
};

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("secrets.list", { app: first(call) });
  call.screen.list(answer, {
    heading: ["name", "version", "updated"],
    rows: answer.secrets.map(({ name, version, updatedAt }) => [name, String(version), call.screen.time(updatedAt)]),
    empty: "No secrets.",
  });
  return 0;
};

const remove = (call: Invocation): Promise<number> =>
  change(call, "secrets.remove", { app: first(call), names: [...call.rest], stage: call.options.stage === true });

export const secrets: Command = {
  name: "secrets",
  summary: "Set, list and remove the secrets of an app.",
  examples: ["slip secrets set shop API_KEY", "slip secrets list shop"],
  commands: [
    {
      name: "set",
      summary: "Store secrets, sealed; values never come back.",
      arguments: [appArgument, { name: "NAME=VALUE", summary: "NAME=VALUE, NAME=@FILE, or NAME to give the value on standard input", many: true }],
      options: [stageOption, planOption],
      notes: "A value on the command line is seen by others on the machine and kept in the shell's history; NAME alone asks for it without showing it.",
      examples: ["slip secrets set shop API_KEY", "slip secrets set shop API_KEY=s3cret CERT=@cert.pem", 'printf %s "$KEY" | slip secrets set shop API_KEY'],
      run: set,
    },
    { name: "list", summary: "List the names and versions of secrets.", arguments: [appArgument], examples: ["slip secrets list shop"], run: list },
    {
      name: "rm",
      summary: "Remove secrets from later releases.",
      arguments: [appArgument, { name: "NAME", summary: "names of the secrets", many: true }],
      options: [stageOption, planOption],
      examples: ["slip secrets rm shop API_KEY"],
      run: remove,
    },
  ],
};
