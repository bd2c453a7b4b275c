import { SlipError } from "@slipstream/contract/errors.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { openSession, type Session } from "../platform/session.ts";
import { dropNext, keepNext, readNext, useNext, usesTokenFile } from "../platform/token-file.ts";
import { hashOf, newToken } from "../terminal/secret.ts";

const sessionOf = ({ environment, screen }: Invocation, token: string): Session => openSession({ ...environment, token }, screen);

const isKnown = async (session: Session): Promise<boolean> => {
  try {
    await session.call("platform.status", {});
    return true;
  } catch (error) {
    if (error instanceof SlipError && error.code === "unauthorized") return false;
    throw error;
  }
};

/** A replacement that was cut off: what the platform took is used from now on, what it did not is forgotten. */
const finishLast = async (call: Invocation): Promise<void> => {
  const token = readNext(call.environment);
  if (token === undefined) return;
  if (token !== "" && (await isKnown(sessionOf(call, token)))) useNext(call.environment);
  else dropNext(call.environment);
};

/** The new token is on disk before the platform knows it, and in its place before the old one ends: no crash locks the owner out. */
const replace = async (call: Invocation, token: string): Promise<{ endsAt: string }> => {
  const kept = usesTokenFile(call.environment);
  if (kept) keepNext(call.environment, token);
  const ending = await call.session.call("token.rotate", { sha256: hashOf(token) }).catch((error: unknown) => {
    if (kept && error instanceof SlipError && error.code !== "unreachable") dropNext(call.environment);
    throw error;
  });
  if (kept) useNext(call.environment);
  return call.options.now === true ? sessionOf(call, token).call("token.rotate", { sha256: hashOf(token), graceMs: 0 }) : ending;
};

const rotate = async (call: Invocation): Promise<ExitCode> => {
  const { environment, screen, options } = call;
  const kept = usesTokenFile(environment);
  if (kept) await finishLast(call);
  const token = newToken();
  const { endsAt } = await replace(call, token);
  if (screen.json) screen.data(kept ? { endsAt } : { endsAt, token });
  else {
    if (!kept) screen.print(token);
    const where = kept ? `The new token is in ${environment.home}/token` : "This is the new token";
    screen.note(`${where}; the one of before ${options.now === true ? "is refused from now on" : `works until ${endsAt}`}.`);
  }
  return 0;
};

export const token: Command = {
  name: "token",
  summary: "Replace the token that opens the API.",
  examples: ["slip token rotate", "slip token rotate --now"],
  commands: [
    {
      name: "rotate",
      summary: "Make a new token; the one of before works for an hour more, so that nothing stands still.",
      options: [{ flags: "--now", summary: "refuse the token of before at once, for one that somebody else may have seen" }],
      notes:
        "On the platform's own machine the new token takes the place of SLIP_HOME/token; elsewhere, and with SLIP_TOKEN set, it is printed once.\nThe platform is sent its hash alone.",
      examples: ["slip token rotate", "slip token rotate --now", "SLIP_TOKEN=… slip token rotate --json"],
      run: rotate,
    },
  ],
};
