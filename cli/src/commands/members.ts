import type { Role } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, changeWithSecret, planOption } from "../plan/change.ts";
import { openSession } from "../platform/session.ts";
import { askHidden, readInput } from "../terminal/prompt.ts";
import { hashOf, newToken } from "../terminal/secret.ts";
import { textOf } from "./options.ts";

const secretBytes = 1_024;

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("members.list", {});
  const { screen } = call;
  screen.list(answer, {
    heading: ["who", "name", "email", "role", "since"],
    rows: [
      ...answer.members.map(({ person, name, email, role, createdAt }) => [person, name, email ?? "–", role, screen.time(createdAt)]),
      ...answer.invitations.map(({ invitation, email, role, createdAt }) => [invitation, "(invited)", email ?? "–", role, screen.time(createdAt)]),
    ],
    empty: "No members.",
  });
  return 0;
};

const invite = (call: Invocation): Promise<number> => {
  const email = textOf(call.options, "email");
  return changeWithSecret(call, "members.invite", { role: first(call) as Role, ...(email && { email }) });
};

const readSecret = async ({ screen }: Invocation): Promise<string> => {
  if (process.stdin.isTTY && screen.errorTerminal) return (await askHidden("The secret of the invitation: ")).trim();
  return ((await readInput(secretBytes)) ?? "").trim();
};

const accept = async (call: Invocation): Promise<ExitCode> => {
  const name = textOf(call.options, "name");
  if (name === undefined) throw new SlipError("usage", "Your name is missing.", { next: "Say it with --name." });
  const email = textOf(call.options, "email");
  const secret = await readSecret(call);
  if (secret === "") throw new SlipError("usage", "The secret of the invitation is missing.", { next: "Give it on standard input." });
  const token = newToken();
  const session = openSession({ ...call.environment, token: secret }, call.screen);
  const made = await session.call("members.accept", { name, sha256: hashOf(token), ...(email && { email }) });
  if (call.screen.json) call.screen.data({ ...made, value: token });
  else {
    call.screen.print(token);
    call.screen.note(`You are a ${made.role} of ${made.tenant} now. This is your token, which is not shown again: use it as SLIP_TOKEN.`);
  }
  return 0;
};

const setRole = (call: Invocation): Promise<number> => change(call, "members.update", { person: first(call), role: (call.args[1] ?? "") as Role });

const remove = (call: Invocation): Promise<number> => {
  const id = first(call);
  return id.startsWith("inv_") ? change(call, "invitations.revoke", { invitation: id }) : change(call, "members.remove", { person: id });
};

const who = { name: "PERSON", summary: "their id, per_…" };
export const members: Command = {
  name: "members",
  summary: "List, invite and remove the people of the tenant, and say what they are.",
  examples: ["slip members", "slip members invite developer --email ada@example.org"],
  run: list,
  commands: [
    { name: "list", summary: "List the people with their roles, and who is invited.", examples: ["slip members list", "slip members list --json"], run: list },
    {
      name: "invite",
      summary: "Make an invitation, and print its secret once.",
      arguments: [{ name: "ROLE", summary: "owner, developer or viewer" }],
      options: [{ flags: "--email <EMAIL>", summary: "for whom it is meant, to find it again in the list" }, planOption],
      notes: "An owner may do everything; a developer reads, deploys, configures and destroys apps; a viewer reads.",
      examples: ["slip members invite developer --email ada@example.org", "slip members invite viewer --json"],
      run: invite,
    },
    {
      name: "accept",
      summary: "Become a member with the secret of an invitation, and get a token of your own.",
      options: [
        { flags: "--name <NAME>", summary: "your name" },
        { flags: "--email <EMAIL>", summary: "your e-mail address, by which the journal names you" },
      ],
      notes: "The secret is asked for, or read from standard input, so that it does not stay in the shell's history.",
      examples: ["slip members accept --name Ada --email ada@example.org", 'printf %s "$SECRET" | SLIP_URL=… slip members accept --name Ada'],
      run: accept,
    },
    {
      name: "set-role",
      summary: "Give a member another role; a tenant keeps at least one owner.",
      arguments: [who, { name: "ROLE", summary: "owner, developer or viewer" }],
      options: [planOption],
      examples: ["slip members set-role per_01k9… viewer"],
      run: setRole,
    },
    {
      name: "rm",
      summary: "Remove a member with all their tokens, or take an invitation back.",
      arguments: [{ name: "ID", summary: "per_… or inv_…" }],
      options: [planOption],
      examples: ["slip members rm per_01k9…", "slip members rm inv_01k9…"],
      run: remove,
    },
  ],
};
