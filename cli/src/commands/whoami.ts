import type { Command, ExitCode, Invocation } from "../command.ts";
import { grantText, usedText } from "./tokens.ts";

const run = async ({ session, screen }: Invocation): Promise<ExitCode> => {
  const me = await session.call("access.whoami", {});
  if (screen.json) screen.data(me);
  else {
    const rows = [
      ["actor", me.actor],
      ["tenant", me.tenant],
      ["role", me.role ?? "–"],
      ["may", me.verbs.join(",") || "nothing"],
      ["grant", grantText(me.grant)],
      ["budget", usedText(me.used, me.grant)],
      ["ends", me.expiresAt ?? "–"],
    ];
    for (const [name = "", value = ""] of rows) screen.print(screen.terminal ? `${screen.colours.bold(name.padEnd(7))} ${value}` : `${name}\t${value}`);
  }
  return 0;
};

export const whoami: Command = {
  name: "whoami",
  summary: "Show who you are to the platform, and what your token may do.",
  examples: ["slip whoami", "slip whoami --json"],
  run,
};
