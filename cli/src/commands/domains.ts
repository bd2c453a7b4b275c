import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { appArgument } from "./settings.ts";

const hostArgument = { name: "HOST", summary: "a host name such as shop.example.org" };

const add = (call: Invocation): Promise<number> => change(call, "domains.add", { app: first(call), domain: call.args[1] ?? "" });

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("domains.list", { app: first(call) });
  call.screen.list(answer, {
    heading: ["domain", "url", "created"],
    rows: answer.domains.map(({ domain, url, createdAt }) => [domain, url, call.screen.time(createdAt)]),
    empty: "No host names but its own.",
  });
  return 0;
};

const remove = (call: Invocation): Promise<number> => change(call, "domains.remove", { app: first(call), domain: call.args[1] ?? "" });

export const domains: Command = {
  name: "domains",
  summary: "Add, list and remove host names of an app.",
  examples: ["slip domains add shop shop.example.org"],
  commands: [
    {
      name: "add",
      summary: "Serve an app at a host name too, with a certificate for it.",
      arguments: [appArgument, hostArgument],
      options: [planOption],
      examples: ["slip domains add shop shop.example.org"],
      run: add,
    },
    { name: "list", summary: "List the host names of an app.", arguments: [appArgument], examples: ["slip domains list shop"], run: list },
    {
      name: "rm",
      summary: "Stop serving an app at a host name.",
      arguments: [appArgument, hostArgument],
      options: [planOption],
      examples: ["slip domains rm shop shop.example.org"],
      run: remove,
    },
  ],
};
