// A statement of the library of PostgreSQL is sent when somebody waits for it, and may be a part of another statement until then.
import type postgres from "postgres";

/** A statement, or what the library makes of names and values for one. */
type Made = postgres.PendingQuery<postgres.Row[]> | object;

const isStatement = (made: Made): made is postgres.PendingQuery<postgres.Row[]> => made instanceof Promise;

/** The same statement; `answer` decides what those who wait for it get. `first` sends it. What is no statement is given back as it is. */
export const answeredBy = (made: Made, answer: (first: () => Promise<unknown>) => Promise<unknown>): Made => {
  if (!isStatement(made)) return made;
  const then = made.then.bind(made);
  let answered: Promise<unknown> | undefined;
  const wait = (): Promise<unknown> => {
    answered ??= answer(() => new Promise((resolve, reject) => then(resolve, reject)));
    return answered;
  };
  Reflect.set(made, "then", (...told: Parameters<Promise<unknown>["then"]>) => wait().then(...told));
  return made;
};
