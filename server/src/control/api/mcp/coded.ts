// Errors of what is no tool: they are the protocol's own, and say the code of the catalogue and what to do in their data.
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { knownError } from "../known-error.ts";
import { withTools } from "./tool-words.ts";

/** Does it; an error of ours becomes one of the protocol, with what was asked for. */
export const codedWith = async <T>(asked: Record<string, unknown>, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const { code, message, nextActions } = knownError(error);
    const isAsked = code === "not_found" || code === "invalid_input";
    throw new ProtocolError(isAsked ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, message, {
      ...asked,
      code,
      next: nextActions.map(withTools),
    });
  }
};
