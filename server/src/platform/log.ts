// What our own processes say of themselves: one JSON object a line on standard error, which the supervisor keeps.
import { writeSync } from "node:fs";

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, error: unknown, fields?: Fields): void;
}

const standardError = 2;

/** A stream would end the process with the first line that a full disk does not take; here that line is lost, and no more. */
const say = (line: string): void => {
  try {
    writeSync(standardError, line);
  } catch {}
};

/** A log of the process `name`. */
export const logOf = (name: string): Log => {
  const write = (level: string, message: string, fields: Fields): void => {
    say(`${JSON.stringify({ time: new Date().toISOString(), level, process: name, message, ...fields })}\n`);
  };
  return {
    info: (message, fields = {}) => write("info", message, fields),
    warn: (message, fields = {}) => write("warn", message, fields),
    error: (message, error, fields = {}) =>
      write("error", message, { ...fields, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  };
};
