// Another token in the place of the one that is in use here.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Invocation } from "../command.ts";
import { openSession, type Session } from "./session.ts";
import { dropNext, keepNext, readNext, useNext, usesTokenFile } from "./token-file.ts";

export const sessionWith = ({ environment, screen }: Invocation, token: string): Session => openSession({ ...environment, token }, screen);

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
  if (token !== "" && (await isKnown(sessionWith(call, token)))) useNext(call.environment);
  else dropNext(call.environment);
};

/** The new token is on disk before `ask` lets the platform know it, and in its place before the old one ends: no crash locks the owner out. */
export const takingPlace = async <T>(call: Invocation, token: string, ask: () => Promise<T>): Promise<T> => {
  const { environment } = call;
  if (!usesTokenFile(environment)) return ask();
  await finishLast(call);
  keepNext(environment, token);
  const answer = await ask().catch((error: unknown) => {
    if (error instanceof SlipError && error.code !== "unreachable") dropNext(environment);
    throw error;
  });
  useNext(environment);
  return answer;
};
