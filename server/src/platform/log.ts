// What our own processes say of themselves: one JSON object a line on standard error, which the supervisor keeps.

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, error: unknown, fields?: Fields): void;
}

/** A log of the process `name`. */
export const logOf = (name: string): Log => {
  const write = (level: string, message: string, fields: Fields): void => {
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, process: name, message, ...fields })}\n`);
  };
  return {
    info: (message, fields = {}) => write("info", message, fields),
    warn: (message, fields = {}) => write("warn", message, fields),
    error: (message, error, fields = {}) =>
      write("error", message, { ...fields, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  };
};
