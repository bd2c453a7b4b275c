// Starting the platform of this machine.
import { connect } from "node:net";
import { fromErrorBody, SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";
import type { Screen } from "../terminal/screen.ts";
import { refusal, socketOf } from "./access.ts";
import { runProgram } from "./programs.ts";

/** The error that a program of the platform ended with: its last words are a body of the catalogue, unless it died before. */
export const programError = (what: string, { errors }: { errors: string }): SlipError => {
  const lines = errors.split("\n");
  try {
    const body: unknown = JSON.parse(lines.at(-1) ?? "");
    if (body !== null && typeof body === "object" && "error" in body) return fromErrorBody(body);
  } catch {}
  return new SlipError("unreachable", what, { next: "See 'slip doctor' for what this machine lacks.", evidence: lines.filter(Boolean).slice(-10) });
};

const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** Starts the platform where none answers, and waits until it is ready. Throws `not_root` or what its program says. */
export const startPlatform = async (environment: Environment, screen: Screen): Promise<void> => {
  if (environment.url !== undefined || (await listens(socketOf(environment)))) return;
  const refused = refusal(environment);
  if (refused) throw refused;
  if (screen.errorTerminal) screen.note("Starting Slipstream on this machine …");
  const ran = await runProgram(environment, "up", ["--json"]);
  if (ran.code !== 0) throw programError("The platform did not start.", ran);
};
