import { z } from "zod";
import { Grant, Role, Verb } from "../access.ts";
import { limit } from "../limits.ts";
import { GrantId, InvitationId, PersonId, Timestamp, TokenId } from "../words.ts";
import { operation } from "./operation.ts";

/** SHA-256 of a secret that nobody but its maker has seen. */
export const Hash = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal");
const Email = z.email().max(254);
const PersonName = z
  .string()
  .max(100)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*[^\s\p{C}\p{Zl}\p{Zp}][^\p{C}\p{Zl}\p{Zp}]*$/u, "a name of 1–100 characters");

const Person = z.object({ person: PersonId, name: z.string(), email: z.string().optional() });
const Member = Person.extend({
  role: Role,
  /** The one who holds the token in the installation's folder, and who stays its owner. */
  isLocal: z.boolean(),
  createdAt: Timestamp,
});
const Invitation = z.object({
  invitation: InvitationId,
  role: Role,
  email: z.string().optional(),
  invitedBy: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
});
/** `cpuMinutes` is what was counted so far; the host is asked every few seconds. */
const Used = z.object({ builds: z.int(), cpuMinutes: z.number() });
const Token = z.object({
  token: TokenId,
  name: z.string(),
  actor: z.string(),
  kind: z.string(),
  person: PersonId.optional(),
  grantId: GrantId.optional(),
  grant: Grant.optional(),
  used: Used.optional(),
  createdAt: Timestamp,
  lastUsedAt: Timestamp.optional(),
  expiresAt: Timestamp.optional(),
});

export const access = {
  "access.whoami": operation({
    name: "access.whoami",
    summary: "Show who asks: tenant, person, role, what the token may do and what was used of it.",
    method: "GET",
    path: "/v1/whoami",
    input: z.object({}),
    output: z.object({
      tenant: z.string(),
      actor: z.string(),
      kind: z.string(),
      person: Person.optional(),
      role: Role.optional(),
      verbs: z.array(Verb),
      grant: Grant.optional(),
      used: Used.optional(),
      expiresAt: Timestamp.optional(),
    }),
    permission: "any",
    effect: "read",
    errors: [],
  }),
  "token.rotate": operation({
    name: "token.rotate",
    summary: "Put another token in the place of the one that asks; only its hash is sent.",
    method: "POST",
    path: "/v1/token/rotate",
    input: z.object({
      /** SHA-256 of the new token, which nobody but its maker has seen. */
      sha256: Hash,
      /** How long the tokens of before work on. */
      graceMs: z.int().min(0).max(limit("tokenGraceMs")).default(limit("tokenGraceMs")),
    }),
    /** When the tokens of before end. */
    output: z.object({ endsAt: Timestamp }),
    permission: "any",
    effect: "write",
    errors: ["conflict"],
  }),
};

export const tokens = {
  "tokens.create": operation({
    name: "tokens.create",
    summary: "Make a token that may do what its grant says, of what its giver may do; only its hash is sent.",
    method: "POST",
    path: "/v1/tokens",
    input: z.object({
      name: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9._-]{0,58}[a-z0-9])?$/i, "1–60 characters: letters, digits, '.', '_' and '-'")
        .describe("What the journal calls it; unique among the tokens of its giver."),
      sha256: Hash.describe("SHA-256 of the token, which only its maker has seen."),
      grant: Grant,
    }),
    output: Token,
    permission: "administer",
    effect: "write",
    errors: ["conflict", "forbidden", "not_found"],
  }),
  "tokens.list": operation({
    name: "tokens.list",
    summary: "List the tokens that work, newest first, with what they may do and when they were last used.",
    method: "GET",
    path: "/v1/tokens",
    input: z.object({}),
    output: z.object({ tokens: z.array(Token) }),
    permission: "administer",
    effect: "read",
    errors: [],
  }),
  "tokens.revoke": operation({
    name: "tokens.revoke",
    summary: "End a token now, with its grant.",
    method: "DELETE",
    path: "/v1/tokens/{token}",
    input: z.object({ token: TokenId }),
    output: z.object({ token: TokenId }),
    permission: "administer",
    effect: "destroy",
    errors: ["not_found", "conflict"],
  }),
};

export const members = {
  "members.list": operation({
    name: "members.list",
    summary: "List the people of the tenant with their roles, and who is invited.",
    method: "GET",
    path: "/v1/members",
    input: z.object({}),
    /** Invitations are shown to those who may make some. */
    output: z.object({ members: z.array(Member), invitations: z.array(Invitation) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "members.invite": operation({
    name: "members.invite",
    summary: "Make an invitation: who knows its secret may become a member, once; only its hash is sent.",
    method: "POST",
    path: "/v1/invitations",
    input: z.object({
      role: Role,
      sha256: Hash.describe("SHA-256 of the secret, which only its maker has seen."),
      email: Email.optional().describe("For whom it is meant; it decides nothing."),
      validMs: z.int().min(60_000).max(limit("invitationMs")).default(limit("invitationMs")),
    }),
    output: Invitation,
    permission: "administer",
    effect: "write",
    errors: ["conflict", "forbidden"],
  }),
  "members.accept": operation({
    name: "members.accept",
    summary: "Become a member, with the secret of an invitation as the bearer token; the hash of a token of one's own is sent.",
    method: "POST",
    path: "/v1/invitations/accept",
    input: z.object({ name: PersonName, email: Email.optional(), sha256: Hash.describe("SHA-256 of the new member's token, which only they have seen.") }),
    output: z.object({ tenant: z.string(), person: PersonId, role: Role, token: TokenId }),
    permission: "join",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "members.update": operation({
    name: "members.update",
    summary: "Give a member another role; a tenant keeps at least one owner.",
    method: "PUT",
    path: "/v1/members/{person}",
    input: z.object({ person: PersonId, role: Role }),
    output: Member,
    permission: "administer",
    effect: "write",
    errors: ["not_found", "conflict", "forbidden"],
  }),
  "members.remove": operation({
    name: "members.remove",
    summary: "Take a member out of the tenant, with all their tokens and grants; a tenant keeps at least one owner.",
    method: "DELETE",
    path: "/v1/members/{person}",
    input: z.object({ person: PersonId }),
    output: z.object({ person: PersonId }),
    permission: "administer",
    effect: "destroy",
    errors: ["not_found", "conflict", "forbidden"],
  }),
  "invitations.revoke": operation({
    name: "invitations.revoke",
    summary: "Take an invitation back that nobody has accepted.",
    method: "DELETE",
    path: "/v1/invitations/{invitation}",
    input: z.object({ invitation: InvitationId }),
    output: z.object({ invitation: InvitationId }),
    permission: "administer",
    effect: "destroy",
    errors: ["not_found", "forbidden"],
  }),
};
