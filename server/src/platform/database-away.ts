// A database that is being started again: what it could not answer is asked once more, where nothing can be done twice by that.
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import { type Database, isConnectionError, type Query } from "./database.ts";
import { answeredBy } from "./statement.ts";

const lookAgainMs = 50;

type MayAskAgain = (error: unknown) => boolean;

/** Asks until the database answers, or has been away for as long as the limit says. For what may be done again. */
export const whileAway = async <T>(ask: () => Promise<T>, mayAskAgain: MayAskAgain = isConnectionError): Promise<T> => {
  for (const until = performance.now() + limit("databaseAwayMs"); ; await sleep(lookAgainMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!mayAskAgain(error) || performance.now() > until) throw error;
    }
  }
};

/** There was no connection by which the statement could have been sent: nobody listened, or could yet. */
const wasNeverSent: MayAskAgain = (error) =>
  isConnectionError(error) && /^(ECONNREFUSED|ENOENT|EACCES|EAGAIN|CONNECT_TIMEOUT|57P03|53300)$/.test((error as { code: string }).code);

/** What the library was called with to make a statement: its text, and the values and statements between. */
type Parts = readonly unknown[];

/** Remembers the reads, as a statement may begin with another one. A lost answer to a change does not say that it was not made. */
const mayAskAgainOf = (reads: WeakSet<object>, [text, first]: Parts, made: object): MayAskAgain => {
  const begins = Array.isArray(text) ? String(text[0]).trimStart() : "";
  const isRead = /^select\b/i.test(begins) || (begins === "" && typeof first === "object" && first !== null && reads.has(first));
  if (isRead) reads.add(made);
  return isRead ? isConnectionError : wasNeverSent;
};

/** A transaction whose COMMIT was sent may have been committed, whatever its answer; any other was not. */
const beginAgain =
  (database: Database) =>
  <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    let isCommitSent = false;
    const ask = async (): Promise<T> => {
      const begun = await database.begin(async (query) => {
        const result = await work(query);
        isCommitSent = true;
        return { result };
      });
      return (begun as { result: T }).result;
    };
    return whileAway(ask, (error) => !isCommitSent && isConnectionError(error));
  };

/**
 * The same database, for those who would rather wait than be told that it is away. Reads are asked again, and changes that were
 * certainly not made. Not for the steps of the workflow: these look first what the database lost while it was away.
 */
export const waiting = (database: Database): Database => {
  const reads = new WeakSet<object>();
  return new Proxy(database, {
    apply(target, _, parts: unknown[]) {
      const make = (): object => Reflect.apply(target, undefined, parts) as object;
      const made = make();
      const mayAskAgain = mayAskAgainOf(reads, parts, made);
      return answeredBy(made, (first) => {
        let ask = first;
        const next = (): Promise<unknown> => {
          const now = ask;
          ask = async () => make();
          return now();
        };
        return whileAway(next, mayAskAgain);
      });
    },
    get: (target, key) => (key === "begin" ? beginAgain(target) : (Reflect.get(target, key) as unknown)),
  });
};
