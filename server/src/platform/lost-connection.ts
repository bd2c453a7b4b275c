// What porsager/postgres 3.4.9 makes of a connection that was lost is not usable: what waited to be written to it is never written to
// the one that takes its place, and a transaction that goes on writes to none, which ends the process. So neither happens here.
import type postgres from "postgres";
import type { Database, Types } from "./database.ts";
import { answeredBy } from "./statement.ts";

type Pool = Database;
type Transaction = postgres.TransactionSql<Types>;

const never = new Promise<never>(() => undefined);

/** The transaction rejects when its connection is lost: what waits for one of its statements is left behind. */
const guarded = (query: Transaction, connection: { isLost: boolean }, isLoss: (error: unknown) => boolean): Transaction =>
  new Proxy(query, {
    apply: (target, _, args: unknown[]) =>
      answeredBy(Reflect.apply(target, undefined, args) as object, async (first) => {
        if (connection.isLost) return never;
        try {
          return await first();
        } catch (error) {
          if (!isLoss(error)) throw error;
          connection.isLost = true;
          return never;
        }
      }),
  });

const begin = async <T>(pool: Pool, isLoss: (error: unknown) => boolean, work: (query: Transaction) => Promise<T>): Promise<unknown> => {
  const connection = { isLost: false };
  try {
    return await pool.begin((query) => work(guarded(query, connection, isLoss)));
  } finally {
    connection.isLost = true;
  }
};

/** Statements that other connections of the pool are busy with may end. */
const endSeconds = 1;

/** What the library tells of the connections of a pool: the server said how it is set up, which ends a login; one is closed. */
type Told = Required<Pick<postgres.Options<Record<string, never>>, "onparameter" | "onclose">>;

/** A pool in whose place there is another one as soon as a connection of it is lost. `isLoss` knows the errors that tell of one. */
export const replacedWhenLost = (open: (told: Told) => Pool, isLoss: (error: unknown) => boolean): Pool => {
  const next = (): Pool => {
    let wasOpen = false;
    const onclose = (): void => {
      if (opened !== pool || !wasOpen) return;
      pool = next();
      void opened.end({ timeout: endSeconds });
    };
    const opened: Pool = open({ onclose, onparameter: () => (wasOpen = true) });
    return opened;
  };
  let pool = next();
  return new Proxy(pool, {
    apply: (_, __, args: unknown[]) => Reflect.apply(pool, undefined, args) as unknown,
    get: (_, key) => (key === "begin" ? (work: (query: Transaction) => Promise<unknown>) => begin(pool, isLoss, work) : (Reflect.get(pool, key) as unknown)),
  });
};
