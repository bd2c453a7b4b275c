import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const list = async ({ session, screen }: Invocation): Promise<ExitCode> => {
  const answer = await session.call("connections.list", {});
  screen.list(answer, {
    heading: ["connection", "agent", "for", "may", "until"],
    rows: answer.connections.map(({ connection, client, person, grant, expiresAt }) => [
      connection,
      client,
      person,
      grant.verbs.join(" "),
      screen.time(expiresAt),
    ]),
    empty: "No agent may act for you.",
  });
  return 0;
};

const revoke = (call: Invocation): Promise<number> => change(call, "connections.revoke", { connection: first(call) });

export const connections: Command = {
  name: "connections",
  summary: "List the agents that signed in for somebody, and end what they may do.",
  examples: ["slip connections list", "slip connections revoke grt_01…"],
  commands: [
    { name: "list", summary: "List the agents, for whom they act and what they may do.", examples: ["slip connections list"], run: list },
    {
      name: "revoke",
      summary: "End what an agent may do, with every token that it has.",
      arguments: [{ name: "CONNECTION", summary: "id of the connection" }],
      options: [planOption],
      examples: ["slip connections revoke grt_01…"],
      run: revoke,
    },
  ],
};
