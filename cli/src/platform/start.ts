// Starting the platform of this machine.
import { connect } from "node:net";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";
import type { Screen } from "../terminal/screen.ts";
import { refusal, socketOf } from "./access.ts";
import { runProgram } from "./programs.ts";

/** A program of the platform did not do its work; it has said why, and its exit code is ours. */
export class ProgramError extends SlipError {
  readonly #exit: number;
  constructor(what: string, ran: { code: number; errors: string }) {
    const [said, ...more] = ran.errors.split("\n");
    super(ran.code === 2 ? "usage" : "unreachable", said || what, { next: "See 'slip doctor' for what this machine lacks.", evidence: more.slice(-10) });
    this.#exit = ran.code;
  }
  override get exit(): number {
    return this.#exit;
  }
}

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
  const ran = await runProgram(environment, "up", []);
  if (ran.code !== 0) throw new ProgramError("The platform did not start.", ran);
};
