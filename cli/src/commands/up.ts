import type { Command, ExitCode, Invocation } from "../command.ts";
import { refusal } from "../platform/access.ts";
import { localOnly } from "../platform/local.ts";
import { runProgram } from "../platform/programs.ts";

const foreground = async ({ environment }: Invocation): Promise<ExitCode> => {
  // The supervisor ends on Ctrl-C by itself; this process waits until it has.
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  process.on("SIGTERM", ignore);
  return (await runProgram(environment, "up", ["--foreground"], "show")).code as ExitCode;
};

const run = async (call: Invocation): Promise<ExitCode> => {
  const { environment, options, screen, session } = call;
  localOnly(environment, "up");
  const refused = refusal(environment);
  if (refused) throw refused;
  if (options.foreground) return foreground(call);
  await session.ensureRunning();
  const status = await session.call("platform.status", {});
  if (screen.json) screen.data({ running: true, home: environment.home, url: status.url, httpPort: status.httpPort, httpsPort: status.httpsPort });
  else screen.print(status.url);
  return 0;
};

export const up: Command = {
  name: "up",
  summary: "Start the platform on this machine, and wait until it is ready.",
  options: [{ flags: "--foreground", summary: "stay, and stop it with Ctrl-C" }],
  notes: "SLIP_HOME, SLIP_HTTP_PORT, SLIP_HTTPS_PORT, DATABASE_URL and RESTATE_URL say where and with what.",
  examples: ["slip up", "SLIP_HTTPS_PORT=443 SLIP_HTTP_PORT=80 slip up"],
  run,
};
