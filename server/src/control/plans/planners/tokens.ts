// What operations on tokens would do. A token itself is in none of it: its hash comes with the application, from who has made it then.
import { SlipError } from "@slipstream/contract/errors.ts";
import { actorWith, checkGrant, expectRevocable, expectRoom, seriesOf, stateOfGiver, stateOfSeries, stateOfToken } from "../../access/token-operations.ts";
import { endOfReplaced, type ListedToken, replaceable, tokenIn, tokensOf } from "../../access/token-store.ts";
import type { Call } from "../../api/call.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { grantChanges } from "../grant-changes.ts";
import { planner } from "../planner.ts";
import { quotaOf, spanText } from "../words.ts";

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

/** As `endSignIns`. */
const signedOut = ({ actor, person, grantId }: ListedToken): { what: string; why: string }[] =>
  person === null || grantId !== null
    ? []
    : [{ what: `${actor} on the pages`, why: "It may be somebody else who signed in with it, so all have to sign in again." }];

const revoke = planner<"tokens.revoke", TokenRows>({
  read: ({ snapshot, call }, { token }) =>
    snapshot(async (query) => {
      const row = expectRevocable(token, await tokenIn(query, call.tenant, token));
      return { row, fingerprint: stateOfToken(row) };
    }),
  plan: (_, { row }) => ({
    changes: [...change(`token ${row.id}`, row.actor, undefined), ...grantChanges(row.terms ?? undefined, undefined)],
    interrupts: [{ what: `all that ${row.actor} asks for with it`, why: `It is refused from then on. ${usedText(row)}` }, ...signedOut(row)],
    quota: [],
  }),
  again: async (_, { token }) => ({ token }),
});

export interface SeriesRows {
  fingerprint: Fingerprint;
  asking: string;
  series: ListedToken[];
}

const untilText = ({ endsAt }: ListedToken): string => (endsAt === null ? "works" : `works until ${endsAt.toISOString()}`);

/** What those of before are still good for. */
const afterText = ({ endsAt }: ListedToken, graceMs: number): string => {
  if (graceMs === 0) return "is refused at once";
  return `works for ${spanText(graceMs)} more${endsAt === null ? "" : ", or until its end"}`;
};

const rotate = planner<"token.rotate", SeriesRows>({
  read: ({ snapshot, call: { tenant, token } }) =>
    snapshot(async (query) => {
      const series = seriesOf(token.id, await tokensOf(query, tenant));
      return { asking: token.id, series, fingerprint: stateOfSeries(token.id, series) };
    }),
  plan({ sha256, graceMs }, { asking, series }) {
    const self = replaceable(series.find(({ id }) => id === asking));
    const { actor } = self;
    return {
      changes: [
        ...series.flatMap((row) => change(`token ${row.id}`, untilText(row), afterText(row, graceMs))),
        ...change("token in its place", undefined, `${actor}, with the same grant`),
      ],
      interrupts: [
        {
          what: `what ${actor} asks for with ${series.length === 1 ? "the token" : "the tokens"} of before`,
          why: graceMs === 0 ? "It is refused from then on." : `It is refused after ${spanText(graceMs)}.`,
        },
        ...(graceMs === 0 ? signedOut(self) : []),
      ],
      quota: [],
      ...(sha256 === undefined ? { asks: ["sha256" as const] } : {}),
    };
  },
  async again({ control, call }, { sha256 }) {
    const endsAt = await endOfReplaced(control.database, call.tenant, Buffer.from(sha256, "hex"));
    if (endsAt === undefined) throw new SlipError("idempotency_mismatch");
    return { endsAt: endsAt.toISOString() };
  },
});

export const tokenPlanners = { "token.rotate": rotate, "tokens.create": create, "tokens.revoke": revoke };
