import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { LogQuery } from "@slipstream/contract/ports/log-store.ts";
import type { Handlers } from "../api/call.ts";
import { type AppRow, appNamed } from "../apps/app-store.ts";
import type { Control } from "../control.ts";

const queryOf = (app: AppRow, input: ParsedInputOf<"logs.read">): LogQuery => ({
  tenant: app.tenant,
  project: app.project,
  app: app.name,
  sources: input.source ?? ["runtime"],
  deployment: input.deployment,
  since: input.since,
  grep: input.grep,
  limit: input.limit,
});

async function* each<T>(found: Promise<readonly T[]>): AsyncGenerator<T> {
  yield* await found;
}

export const logOperations = ({ database, logReader }: Control): Pick<Handlers, "logs.read"> => ({
  async "logs.read"(input, call) {
    const query = queryOf(await appNamed(database, call.tenant, input.app), input);
    return input.follow ? logReader.follow(query, call.signal) : each(logReader.search(query));
  },
});
