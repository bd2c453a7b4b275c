// Nothing is destroyed before a person has seen what would be gone, and said yes.
import { createHash } from "node:crypto";
import { type InputRequiredResult, inputRequired, inputResponse } from "@modelcontextprotocol/server";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Asking } from "./asking.ts";
import type { Door } from "./door.ts";

export interface Danger {
  /** What a client that cannot ask its user repeats in `confirm`. */
  name: string;
  /** What would be gone, in a sentence or two. */
  what: string;
  confirm: string | undefined;
}

const key = "confirm";

const declined = (name: string): SlipError =>
  new SlipError("unconfirmed", `The user did not agree, so ${name} stays as it is.`, { next: "Ask the user what they want before you try again." });

const question = ({ name, what }: Danger) =>
  inputRequired.elicit({
    message: what,
    requestedSchema: {
      type: "object",
      properties: { [key]: { type: "boolean", title: `Go on with ${name}`, description: "No change is made without it.", default: false } },
      required: [key],
    },
  });

/**
 * Undefined when the user has agreed to just this; else the question to return. Throws `unconfirmed` for one who has not, and where the
 * client cannot ask and did not repeat the name. What was agreed to is bound to the caller, so that it does not stand for anything else.
 */
export const unlessConfirmed = async (asking: Asking, { door, danger }: { door: Door; danger: Danger }): Promise<InputRequiredResult | undefined> => {
  const { context } = asking;
  const digest = createHash("sha256").update(JSON.stringify(danger.what)).digest("hex");
  const answer = inputResponse(context.mcpReq.inputResponses, key);
  const asked = context.mcpReq.requestState<{ digest?: string }>();
  if (answer.kind === "elicit" && asked?.digest === digest) {
    if (answer.action === "accept" && answer.content?.[key] === true) return undefined;
    throw declined(danger.name);
  }
  if (door.canAsk(context)) return inputRequired({ inputRequests: { [key]: question(danger) }, requestState: await door.states.mint({ digest }, context) });
  if (danger.confirm === danger.name) return undefined;
  throw new SlipError("unconfirmed", danger.what, { next: `Show this to the user. When they agree, call again with confirm: "${danger.name}".` });
};
