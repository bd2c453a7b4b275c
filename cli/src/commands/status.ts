import { limit } from "@slipstream/contract/limits.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { PlatformProcess } from "@slipstream/contract/ports/processes.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { refusal } from "../platform/access.ts";
import { processesOf } from "../platform/processes.ts";
import { isUnreachable } from "../platform/session.ts";
import { sizeText } from "../terminal/size.ts";

type Status = OutputOf<"platform.status">;

/** It is asked when something stands still, too, and says which. */
const askStatus = async (call: Invocation): Promise<Status | "silent" | undefined> => {
  try {
    return await call.session.call("platform.status", {}, { impatient: true, signal: AbortSignal.timeout(limit("statusMs")) });
  } catch (error) {
    if ((error as Error).name === "TimeoutError" || (error as Error).name === "AbortError") return "silent";
    if (isUnreachable(error)) return undefined;
    throw error;
  }
};

const showPlatform = ({ screen, environment }: Invocation, status: Status): void => {
  const sandboxes = status.host?.sandboxes.map(({ kind, works }) => (works ? kind : `${kind} (does not work)`)).join(", ");
  const rows = [
    ["url", status.url],
    ["http", String(status.httpPort)],
    ["https", String(status.httpsPort)],
    ["home", environment.url === undefined ? environment.home : "–"],
    ["installation", status.installation],
    ["version", status.version],
    ["apps", status.appsStarting > 0 ? `${status.apps}, ${status.appsStarting} of them starting` : String(status.apps)],
    ["deployments", `${status.deploymentsOpen} under way`],
    ["sandboxes", sandboxes ?? "–"],
  ];
  for (const [name = "", value = ""] of rows) screen.print(screen.terminal ? `${screen.colours.bold(name.padEnd(13))} ${value}` : `${name}\t${value}`);
};

const showProcesses = ({ screen }: Invocation, processes: readonly PlatformProcess[]): void => {
  if (screen.terminal) screen.print("");
  screen.table(
    ["process", "state", "pid", "restarts", "memory"],
    processes.map(({ name, state, pid, restarts, memoryBytes }) => [
      name,
      state,
      pid === null ? "–" : String(pid),
      String(restarts),
      memoryBytes == null ? "–" : screen.terminal ? sizeText(memoryBytes) : String(memoryBytes),
    ]),
    "",
  );
};

/** What is to be done where the platform has not answered, or one of its processes does nothing. */
const noteWrong = ({ screen, environment }: Invocation, status: Status | "silent" | undefined, processes: readonly PlatformProcess[]): void => {
  if (status === undefined) screen.note(`Slipstream does not run in ${environment.home}.\nnext: Start it with 'slip up'.`);
  if (status === "silent") screen.note(`The platform has not answered within ${limit("statusMs") / 1_000} s.`);
  for (const { name, pid, state } of processes)
    if (state === "halted") screen.note(`${name} was halted by a signal.\nnext: Let it go on with 'kill -CONT ${pid}'.`);
  if (status === "silent" && environment.url === undefined && !processes.some(({ state }) => state === "halted"))
    screen.note(`next: Read ${environment.home}/processes/control.log and postgres.log; 'slip down' and 'slip up' start all of it anew.`);
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const { environment, screen } = call;
  const refused = refusal(environment);
  if (refused) throw refused;
  const [status, processes] = await Promise.all([askStatus(call), environment.url === undefined ? processesOf(environment) : undefined]);
  const [answer, list] = [typeof status === "object" ? status : undefined, processes?.processes ?? []];
  if (screen.json) screen.data({ running: answer !== undefined, home: environment.home, ...answer, ...(processes && { processes: list }) });
  else if (answer) showPlatform(call, answer);
  if (!screen.json) noteWrong(call, status, list);
  if (!screen.json && list.length > 0) showProcesses(call, list);
  return answer ? 0 : 4;
};

export const status: Command = {
  name: "status",
  summary: "Show what the platform runs, where it answers, and its processes.",
  notes: "The exit code is 4 when the platform does not answer.",
  examples: ["slip status", "slip status --json"],
  run,
};
