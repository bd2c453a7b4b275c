import { type Verb, Verb as Verbs } from "@slipstream/contract/access.ts";
import type { Handlers } from "../api/call.ts";
import { keepAnswer } from "../api/claim-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { endSignIns } from "../sign-in/session-store.ts";
import { toPerson } from "./member-operations.ts";
import { personOf } from "./people-store.ts";
import { seriesOf, stateOfSeries } from "./token-operations.ts";
import { countedOf, lockToken, replaceToken, tokensOf, usedOf } from "./token-store.ts";

export const accessOperations = ({ database, tokens }: Control): Pick<Handlers, "access.whoami" | "token.rotate"> => ({
  async "access.whoami"(_, { tenant, actor, token }) {
    const { kind, person, role, verbs, grant, grantId, expiresAt } = token;
    const [somebody, counted] = await Promise.all([person === null ? undefined : personOf(database, person), countedOf(database, grantId)]);
    return {
      tenant,
      actor,
      kind,
      ...(somebody === undefined ? {} : { person: toPerson(somebody) }),
      ...(role === null ? {} : { role }),
      verbs: verbs.filter((verb): verb is Verb => Verbs.options.includes(verb as Verb)),
      ...(grant === undefined ? {} : { grant, used: usedOf(counted) }),
      ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }),
    };
  },

  async "token.rotate"({ sha256, graceMs }, call) {
    const answer = { endsAt: new Date(Date.now() + graceMs).toISOString() };
    const { tenant, token } = call;
    await database.begin(async (query) => {
      await lockToken(query, tenant, token.id);
      await call.expects?.check(query, { state: async () => stateOfSeries(token.id, seriesOf(token.id, await tokensOf(query, tenant))) });
      await replaceToken(query, { tenant, sha256: token.sha256 }, { sha256: Buffer.from(sha256, "hex"), endsAt: new Date(answer.endsAt) });
      if (graceMs === 0) await endSignIns(query, token);
      await journal(query, call, { operation: "token.rotate", input: { graceMs } });
      await keepAnswer(query, call, answer);
    });
    await tokens.refresh();
    return answer;
  },
});
