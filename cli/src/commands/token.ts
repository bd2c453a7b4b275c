import type { Command, Invocation } from "../command.ts";
import { changeWithSecret, isPlanned, planOption } from "../plan/change.ts";
import { outcomeOf } from "../plan/outcomes.ts";
import { sessionWith, takingPlace } from "../platform/own-token.ts";
import { hashOf, newToken } from "../terminal/secret.ts";

/** The old token is refused at once only when the new one works: by that one. */
const rotate = async (call: Invocation): Promise<number> => {
  const isNow = call.options.now === true;
  if (isPlanned(call)) return changeWithSecret(call, "token.rotate", isNow ? { graceMs: 0 } : {});
  const token = newToken();
  const sha256 = hashOf(token);
  const ending = await takingPlace(call, token, () => call.session.call("token.rotate", { sha256 }));
  const ended = isNow ? await sessionWith(call, token).call("token.rotate", { sha256, graceMs: 0 }) : ending;
  return outcomeOf("token.rotate")(call, ended, token);
};

export const token: Command = {
  name: "token",
  summary: "Replace the token that opens the API.",
  examples: ["slip token rotate", "slip token rotate --now"],
  commands: [
    {
      name: "rotate",
      summary: "Make a new token; the one of before works for an hour more, so that nothing stands still.",
      options: [{ flags: "--now", summary: "refuse the token of before at once, for one that somebody else may have seen" }, planOption],
      notes:
        "On the platform's own machine the new token takes the place of SLIP_HOME/token; elsewhere, and with SLIP_TOKEN set, it is printed once.\nThe platform is sent its hash alone.",
      examples: ["slip token rotate", "slip token rotate --now", "SLIP_TOKEN=… slip token rotate --json", "slip token rotate --now --plan"],
      run: rotate,
    },
  ],
};
