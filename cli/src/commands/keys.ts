import type { Command, ExitCode, Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const list = async ({ session, screen }: Invocation): Promise<ExitCode> => {
  const answer = await session.call("keys.list", {});
  screen.list(answer, {
    heading: ["key", "state", "secrets", "certificates", "webhooks", "created"],
    rows: answer.keys.map(({ key, inUse, ...of }) => [
      key,
      inUse ? "in use" : "opens",
      ...[of.secrets, of.certificates, of.webhooks].map(String),
      screen.time(of.createdAt),
    ]),
    empty: "No keys.",
  });
  return 0;
};

const rotate = (call: Invocation): Promise<number> => change(call, "keys.rotate", {});

export const keys: Command = {
  name: "keys",
  summary: "List and replace the key that secrets are sealed with.",
  examples: ["slip keys rotate", "slip keys list"],
  commands: [
    {
      name: "rotate",
      summary: "Seal everything with a new key, and remove the one of before.",
      options: [planOption],
      notes: "Apps and deployments go on meanwhile. A rotation that was cut off goes on by itself; asked for again, it is finished.",
      examples: ["slip keys rotate"],
      run: rotate,
    },
    { name: "list", summary: "List the keys by name, and how many values each of them seals.", examples: ["slip keys list"], run: list },
  ],
};
