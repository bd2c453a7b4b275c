// What commands on people, tokens and signing in say in the end.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Invocation } from "../../command.ts";
import { say, sayWithNote } from "./say.ts";

/** `secret` was made by this very command; it is absent where somebody else has made it. */
const tellToken = (call: Invocation, made: OutputOf<"tokens.create">, secret?: string): number => {
  if (secret === undefined) return say(call, made, `${made.name} (${made.token}) is let in from now on`, false);
  const note = `This is the token ${made.name} (${made.token}); it is not shown again. Use it as SLIP_TOKEN.`;
  return sayWithNote(call, { ...made, value: secret }, { line: secret, note });
};

const tellInvitation = (call: Invocation, made: OutputOf<"members.invite">, secret?: string): number => {
  if (secret === undefined) return say(call, made, `${made.invitation} invites a ${made.role} until ${made.expiresAt}`, false);
  const note = `Who knows this becomes a ${made.role} with 'slip members accept', once, until ${made.expiresAt}. It is not shown again.`;
  return sayWithNote(call, { ...made, secret }, { line: secret, note });
};

const tellProvider = (call: Invocation, added: OutputOf<"providers.add">): number =>
  sayWithNote(call, added, { line: added.callback, note: "Register this address with the provider, as the one that it sends people back to." });

export const accessOutcomes = {
  "tokens.create": tellToken,
  "tokens.revoke": (call: Invocation, ended: OutputOf<"tokens.revoke">) => say(call, ended, `${ended.token} is refused from now on`),
  "members.invite": tellInvitation,
  "members.update": (call: Invocation, member: OutputOf<"members.update">) => say(call, member, `${member.name} is ${member.role} now`),
  "members.remove": (call: Invocation, gone: OutputOf<"members.remove">) => say(call, gone, `${gone.person} is gone`),
  "invitations.revoke": (call: Invocation, gone: OutputOf<"invitations.revoke">) => say(call, gone, `${gone.invitation} is gone`),
  "providers.add": tellProvider,
  "providers.remove": (call: Invocation, gone: OutputOf<"providers.remove">) =>
    say(call, gone, `Nobody signs in with ${gone.name} any more; people stay who they are.`, false),
  "connections.revoke": (call: Invocation, ended: OutputOf<"connections.revoke">) => say(call, ended, "The agent may do nothing any more.", false),
} as const;
