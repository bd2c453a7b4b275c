import type { Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { replaceToken } from "./token-store.ts";

export const accessOperations = ({ database, tokens }: Control): Pick<Handlers, "token.rotate"> => ({
  async "token.rotate"({ sha256, graceMs }, call) {
    const endsAt = new Date(Date.now() + graceMs);
    await database.begin(async (query) => {
      await replaceToken(query, { tenant: call.tenant, sha256: call.token.sha256 }, { sha256: Buffer.from(sha256, "hex"), endsAt });
      await journal(query, call, { operation: "token.rotate", input: { graceMs } });
    });
    await tokens.refresh();
    return { endsAt: endsAt.toISOString() };
  },
});
