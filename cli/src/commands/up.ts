import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { refusal } from "../platform/access.ts";
import { localOnly } from "../platform/local.ts";
import { programPath } from "../platform/programs.ts";

/** Becomes the supervisor, with the same process id: who started us signals it, not a process that stands before it. */
const foreground = ({ environment }: Invocation): never => {
  if (!process.execve) throw new SlipError("internal", "This system cannot replace a process by another.");
  const env = Object.fromEntries(Object.entries(environment.inherited).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return process.execve(process.execPath, [process.execPath, programPath("up"), "--foreground"], env);
};

const servingMs = 60_000;
const pollMs = 100;

/** What was live when the platform was stopped serves again, or has had its time: then that is said, and is no failure. */
const untilServing = async ({ screen, session }: Invocation): Promise<OutputOf<"platform.status">> => {
  const until = performance.now() + servingMs;
  let status = await session.call("platform.status", {});
  for (; status.appsStarting > 0 && performance.now() < until; status = await session.call("platform.status", {})) await sleep(pollMs);
  if (status.appsStarting > 0)
    screen.note(
      `${status.appsStarting} of ${status.apps} apps ${status.appsStarting === 1 ? "does" : "do"} not serve yet.\nnext: See 'slip apps', then 'slip logs APP'.`,
    );
  return status;
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const { environment, options, screen, session } = call;
  localOnly(environment, "up");
  const refused = refusal(environment);
  if (refused) throw refused;
  if (options.foreground) return foreground(call);
  await session.ensureRunning();
  const status = await untilServing(call);
  if (screen.json) screen.data({ running: true, home: environment.home, url: status.url, httpPort: status.httpPort, httpsPort: status.httpsPort });
  else screen.print(status.url);
  return 0;
};

export const up: Command = {
  name: "up",
  summary: "Start the platform on this machine, and wait until the apps serve.",
  options: [{ flags: "--foreground", summary: "stay, and stop it with Ctrl-C" }],
  notes: "SLIP_HOME, SLIP_HTTP_PORT, SLIP_HTTPS_PORT, DATABASE_URL and RESTATE_URL say where and with what.",
  examples: ["slip up", "SLIP_HTTPS_PORT=443 SLIP_HTTP_PORT=80 slip up"],
  run,
};
