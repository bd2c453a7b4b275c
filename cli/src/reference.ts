// docs/reference/cli.md, made from the commands. Pure.
import type { Command } from "./command.ts";

const made = "<!-- Made by `npm run reference`; change the source that it names, not this page. -->";
const cell = (text: string): string => text.replaceAll("|", "\\|");

const usageOf = (command: Command, path: string): string => {
  const words = (command.arguments ?? []).map(({ name, optional, many }) => {
    const word = many ? `${name}...` : name;
    return optional ? `[${word}]` : word;
  });
  return [`slip ${path}`, ...words, "[options]"].join(" ");
};

const rowsOf = (command: Command): string[] => {
  const rows = [
    ...(command.arguments ?? []).map(({ name, summary }) => [name, summary]),
    ...(command.options ?? []).map(({ flags, summary }) => [flags, summary]),
    ["--json", "print JSON"],
  ];
  return ["| | |", "| --- | --- |", ...rows.map(([name = "", what = ""]) => `| \`${cell(name)}\` | ${cell(what)} |`), ""];
};

const sections = (command: Command, prefix: string, depth: number): string[] => {
  const path = `${prefix}${command.name}`;
  return [
    `${"#".repeat(depth)} slip ${path}`,
    "",
    command.summary,
    "",
    ...(command.notes === undefined ? [] : [command.notes, ""]),
    ...(command.run ? ["```", usageOf(command, path), "```", "", ...rowsOf(command)] : []),
    ...(command.run ? ["```sh", ...command.examples, "```", ""] : []),
    ...(command.commands ?? []).flatMap((inner) => sections(inner, `${path} `, depth + 1)),
  ];
};

export const cliPage = (commands: readonly Command[]): string =>
  [
    "# The command line",
    "",
    made,
    "",
    "With `--json`, standard output is data only: one object, and for `slip logs` one object a line. Errors are",
    '`{"error": {code, message, next}}` there, and a sentence on standard error. In a pipe tables are separated by tabs and',
    "times are ISO 8601; on a terminal they are aligned and relative.",
    "",
    "| Exit code | |",
    "| --- | --- |",
    "| 0 | done |",
    "| 1 | the deployment failed |",
    "| 2 | wrong use: an unknown command, flag or app, a bad value |",
    "| 3 | cancelled |",
    "| 4 | the platform cannot be reached |",
    "",
    "| Variable | |",
    "| --- | --- |",
    "| `SLIP_HOME` | folder of the installation (`/var/lib/slipstream`) |",
    "| `SLIP_HTTP_PORT`, `SLIP_HTTPS_PORT` | ports of the edge (8080, 8443); 0 = any free one |",
    "| `DATABASE_URL`, `RESTATE_URL` | a PostgreSQL and a Restate of your own in place of the embedded ones |",
    "| `SLIP_URL`, `SLIP_TOKEN`, `SLIP_CA` | a platform elsewhere: its address, a token, and the PEM file of its authority |",
    "| `NO_COLOR` | no colours |",
    "",
    ...commands.flatMap((command) => sections(command, "", 2)),
  ].join("\n");
