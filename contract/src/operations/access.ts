import { z } from "zod";
import { limit } from "../limits.ts";
import { Timestamp } from "../words.ts";
import { operation } from "./operation.ts";

export const access = {
  "token.rotate": operation({
    name: "token.rotate",
    summary: "Put another token in the place of the one that asks; only its hash is sent.",
    method: "POST",
    path: "/v1/token/rotate",
    input: z.object({
      /** SHA-256 of the new token, which nobody but its maker has seen. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** How long the tokens of before work on. */
      graceMs: z.int().min(0).max(limit("tokenGraceMs")).default(limit("tokenGraceMs")),
    }),
    /** When the tokens of before end. */
    output: z.object({ endsAt: Timestamp }),
    permission: "configure",
    effect: "write",
    errors: ["conflict"],
  }),
};
