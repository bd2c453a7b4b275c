import type { LogLine } from "@slipstream/contract/logs.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { LogQuery } from "@slipstream/contract/ports/log-store.ts";
import type { Handlers } from "../api/call.ts";
import { type AppRow, appNamed } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { EdgeRedactors } from "./edge-redactors.ts";

type Parts = Pick<Control, "host" | "routes" | "logWriter" | "logReader">;

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

/** More often than writers forget it. */
const tellMs = 1_000;

/** Whoever writes lines of the app hears that somebody waits for them. One that does not hear it writes them later. */
const tellWriters = async ({ host, routes, logWriter }: Parts, { tenant, project, app, sources }: LogQuery): Promise<void> => {
  logWriter.follow(tenant, project, app);
  const named = { tenant, project, app };
  await Promise.allSettled([host.followLogs(named), ...(sources.includes("edge") ? [routes.edges.followLogs(named)] : [])]);
};

async function* follow(parts: Parts, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
  const tell = (): void => void tellWriters(parts, query);
  const timer = setInterval(tell, tellMs);
  try {
    tell();
    yield* parts.logReader.follow(query, signal);
  } finally {
    clearInterval(timer);
  }
}

export const logOperations = (control: Control): Pick<Handlers, "logs.read"> => {
  const redactors = new EdgeRedactors();
  return {
    async "logs.read"(input, call) {
      const app = await appNamed(control.database, call.tenant, input.app);
      const asked = queryOf(app, input);
      const query = asked.sources.includes("edge") ? { ...asked, redactEdge: await redactors.of(control, app) } : asked;
      return input.follow ? follow(control, query, call.signal) : each(control.logReader.search(query));
    },
  };
};
