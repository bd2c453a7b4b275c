// Why the platform cannot be reached, in words. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

const nobodyListens = new Set(["ENOENT", "ECONNREFUSED"]);
const untrusted = /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)/;

const causeOf = (error: unknown): string | undefined =>
  error instanceof SlipError && error.code === "unreachable" ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;

const elsewhere = (url: string, cause: string): SlipError =>
  untrusted.test(cause)
    ? new SlipError("unreachable", `${url} has a certificate that is not trusted here (${cause}).`, {
        next: "Set SLIP_CA to the file of its authority, which 'slip trust --pem' prints there.",
      })
    : new SlipError("unreachable", `${url} cannot be reached (${cause}).`, { next: "Check SLIP_URL, and that the platform runs there." });

/** Says it plainly when nobody listens on this machine's socket, or at SLIP_URL; any other error stays what it is. */
export const explained = (environment: Environment, error: unknown): unknown => {
  const cause = causeOf(error);
  if (cause === undefined) return error;
  if (environment.url !== undefined) return elsewhere(environment.url, cause);
  return nobodyListens.has(cause) ? new SlipError("unreachable", `No platform runs in ${environment.home}.`) : error;
};
