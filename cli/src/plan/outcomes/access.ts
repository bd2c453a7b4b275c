// What commands on people, tokens and signing in say in the end.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Invocation } from "../../command.ts";
import { usesTokenFile } from "../../platform/token-file.ts";
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

/** In groups, as it is easier to type: "k3f9-x0ma-7qtz-w2bd". */
const inGroups = (code: string): string => code.replace(/(.{4})(?=.)/g, "$1-");

const tellCode = (call: Invocation, { url, expiresAt }: OutputOf<"sessions.code">, secret?: string): number => {
  const until = call.screen.time(expiresAt);
  if (secret === undefined) return say(call, { url, expiresAt }, `The code can be typed at ${url} until ${until}`, false);
  const code = inGroups(secret);
  const note = `Open the address and type the code; it works once, until ${until}.`;
  return sayWithNote(call, { url, code, expiresAt }, { line: `${url}\n${code}`, note });
};

/** The new one is in the file of the installation already, where that is the one in use. */
const tellReplaced = (call: Invocation, { endsAt }: OutputOf<"token.rotate">, secret?: string): number => {
  const { environment, options } = call;
  const before = `the one of before ${options.now === true || Date.parse(endsAt) <= Date.now() ? "is refused from now on" : `works until ${endsAt}`}.`;
  if (secret === undefined) return say(call, { endsAt }, `A token that was made elsewhere has taken the place of this one; ${before}`, false);
  if (usesTokenFile(environment)) return say(call, { endsAt }, `The new token is in ${environment.home}/token; ${before}`, false);
  return sayWithNote(call, { endsAt, token: secret }, { line: secret, note: `This is the new token; ${before}` });
};

export const accessOutcomes = {
  "token.rotate": tellReplaced,
  "sessions.code": tellCode,
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
