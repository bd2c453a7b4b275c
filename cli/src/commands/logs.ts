import type { LogLine, LogSource } from "@slipstream/contract/logs.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { followLogs } from "../platform/follow-logs.ts";
import { safeText } from "../terminal/text.ts";
import { sinceTime } from "../terminal/time.ts";
import { countOf, textOf } from "./options.ts";

const sources: readonly LogSource[] = ["build", "edge", "runtime", "platform"];

const inputOf = ({ args, options }: Invocation): InputOf<"logs.read"> => {
  const chosen = sources.filter((source) => options[source] === true);
  const deployment = textOf(options, "deployment");
  const since = textOf(options, "since");
  const grep = textOf(options, "grep");
  const limit = countOf(textOf(options, "lines"), "--lines");
  return {
    app: args[0] ?? "",
    ...(chosen.length > 0 && { source: chosen.join(",") }),
    ...(deployment && { deployment }),
    ...(since && { since: sinceTime(since, Date.now()) }),
    ...(grep && { grep }),
    ...(limit && { limit }),
    follow: options.follow === true,
  };
};

/** The fields in the order that people read them. */
const ordered = ({ time, source, stream, tenant, project, app, deployment, commit, instance, text }: LogLine) => ({
  time,
  source,
  stream,
  tenant,
  project,
  app,
  deployment,
  commit,
  instance,
  text,
});

const localTime = (iso: string): string => {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
};

const show = ({ screen }: Invocation, line: LogLine): void => {
  const { dim, red, cyan } = screen.colours;
  if (screen.json) screen.data(ordered(line));
  else if (!screen.terminal) screen.print([line.time, line.source, line.stream, line.text].join("\t"));
  else screen.print(`${dim(localTime(line.time))} ${cyan(line.source.padEnd(8))} ${line.stream === "stderr" ? red(safeText(line.text)) : safeText(line.text)}`);
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const input = inputOf(call);
  for await (const line of followLogs(call.session, input)) {
    show(call, line);
    await call.screen.taken();
  }
  return 0;
};

export const logs: Command = {
  name: "logs",
  summary: "Read the lines of an app, of releases that are gone too.",
  arguments: [{ name: "APP", summary: "name of the app" }],
  options: [
    { flags: "--build", summary: "lines of builds" },
    { flags: "--edge", summary: "requests" },
    { flags: "--runtime", summary: "lines of the program (the default)" },
    { flags: "--platform", summary: "what the platform did" },
    { flags: "--deployment <ID>", summary: "lines of this deployment alone" },
    { flags: "--since <TIME>", summary: "lines since then: 10m, 2h, 1d or an ISO time" },
    { flags: "--grep <TEXT>", summary: "lines that contain this text" },
    { flags: "-f, --follow", summary: "go on with lines as they come" },
    { flags: "-n, --lines <N>", summary: "at most so many, the newest (1000)" },
  ],
  notes: "In a pipe the columns are time, source, stream and text, separated by tabs; with --json each line is an object.",
  examples: ["slip logs shop -f", "slip logs shop --build --deployment dep_01j9x2m4c8q6w3t5y7z9b1d3f5", "slip logs shop --edge --since 10m --grep ' 500 '"],
  run,
};
