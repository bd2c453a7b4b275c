// Where words go: data to standard output, everything else to standard error.
import { once } from "node:events";
import type { Environment } from "../environment.ts";
import { type Colours, coloursWhen } from "./colour.ts";
import { alignedTable, tabbedTable } from "./table.ts";
import { agoText } from "./time.ts";

export interface Screen {
  json: boolean;
  /** Standard output is a terminal. */
  terminal: boolean;
  /** Standard error is a terminal whose cursor can be moved. */
  live: boolean;
  /** Standard error is a terminal. */
  errorTerminal: boolean;
  colours: Colours;
  errorColours: Colours;
  /** A line of data. */
  print(line: string): void;
  /** The one value of --json, or one of many lines of it. */
  data(value: unknown): void;
  /** Waits until the reader of the data has taken it. */
  taken(): Promise<void>;
  /** A line for people. */
  note(line: string): void;
  table(heading: readonly string[], rows: readonly (readonly string[])[], empty: string): void;
  /** The answer of a call that lists: whole with --json, else as a table. */
  list(answer: unknown, as: { heading: readonly string[]; rows: readonly (readonly string[])[]; empty: string }): void;
  /** A time: how long ago on a terminal, ISO in a pipe. */
  time(iso: string): string;
}

/** The screen of this process. */
export const screenOf = (environment: Environment, json: boolean): Screen => {
  const terminal = process.stdout.isTTY === true;
  const errorTerminal = process.stderr.isTTY === true;
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  const data = (value: unknown): void => print(JSON.stringify(value));
  const table: Screen["table"] = (heading, rows, empty) => {
    if (rows.length === 0 && terminal) note(empty);
    else for (const line of terminal ? alignedTable(heading, rows) : tabbedTable(rows)) print(line);
  };
  return {
    json,
    terminal,
    errorTerminal,
    live: errorTerminal && !environment.dumb,
    colours: coloursWhen(terminal && environment.colour),
    errorColours: coloursWhen(errorTerminal && environment.colour),
    print,
    note,
    async taken() {
      if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
    },
    data,
    table,
    list(answer, { heading, rows, empty }) {
      if (json) data(answer);
      else table(heading, rows, empty);
    },
    time: (iso) => (terminal ? agoText(iso, Date.now()) : iso),
  };
};
