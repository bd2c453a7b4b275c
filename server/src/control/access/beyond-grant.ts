import type { Beyond } from "@slipstream/contract/access.ts";
import { whyOf } from "./beyond.ts";

/**
 * Thrown where it is seen, before anything is changed, that what is asked is beyond the caller's grant, which the input alone did not say.
 * The gate asks a person then.
 */
export class BeyondGrant extends Error {
  readonly beyond: readonly Beyond[];
  /** What is done once it is approved, where that is not what was asked for. */
  readonly input: Record<string, unknown> | undefined;

  constructor(beyond: readonly Beyond[], input?: Record<string, unknown>) {
    super(whyOf(beyond));
    this.beyond = beyond;
    this.input = input;
  }
}
