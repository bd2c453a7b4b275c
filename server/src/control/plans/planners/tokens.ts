// What operations on tokens would do. A token itself is in none of it: its hash comes with the application, from who has made it then.
import { actorWith, checkGrant, expectRevocable, expectRoom, stateOfGiver, stateOfToken } from "../../access/token-operations.ts";
import { type ListedToken, tokenIn, tokensOf } from "../../access/token-store.ts";
import type { Call } from "../../api/call.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { grantChanges } from "../grant-changes.ts";
import { planner } from "../planner.ts";
import { quotaOf } from "../words.ts";

export interface NewRows {
  fingerprint: Fingerprint;
  giver: Pick<Call, "token">;
  /** As the journal will call who uses it. */
  actor: string;
  living: ListedToken[];
}

const create = planner<"tokens.create", NewRows>({
  read: ({ snapshot, call }, { name, grant }) =>
    snapshot(async (query) => {
      await checkGrant(query, call, grant);
      const living = await tokensOf(query, call.tenant);
      return { giver: call, living, actor: await actorWith(query, call, name), fingerprint: stateOfGiver(call, living) };
    }),
  plan({ name, sha256, grant }, { giver, actor, living }) {
    expectRoom(giver, name, living);
    return {
      changes: [...change(`token ${name}`, undefined, actor), ...grantChanges(undefined, grant)],
      interrupts: [],
      quota: [quotaOf("tokens", living.length + 1)],
      inverse: { operation: "tokens.revoke", input: {} },
      ...(sha256 === undefined ? { asks: ["sha256" as const] } : {}),
    };
  },
});

export interface TokenRows {
  fingerprint: Fingerprint;
  row: ListedToken;
}

const usedText = ({ lastUsedAt }: ListedToken): string => (lastUsedAt === null ? "It was never used." : `It was last used at ${lastUsedAt.toISOString()}.`);

const revoke = planner<"tokens.revoke", TokenRows>({
  read: ({ snapshot, call }, { token }) =>
    snapshot(async (query) => {
      const row = expectRevocable(token, await tokenIn(query, call.tenant, token));
      return { row, fingerprint: stateOfToken(row) };
    }),
  plan: (_, { row }) => ({
    changes: [...change(`token ${row.id}`, row.actor, undefined), ...grantChanges(row.terms ?? undefined, undefined)],
    interrupts: [{ what: `all that ${row.actor} asks for with it`, why: `It is refused from then on. ${usedText(row)}` }],
    quota: [],
  }),
  again: async (_, { token }) => ({ token }),
});

export const tokenPlanners = { "tokens.create": create, "tokens.revoke": revoke };
