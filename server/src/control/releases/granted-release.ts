// A release of before that runs again, against the grant of who goes back to it.
import { capsOf, isBounded } from "../access/caps.ts";
import type { Call } from "../api/call.ts";
import type { Control } from "../control.ts";
import { expectWithinGrant } from "../deployments/source-config.ts";
import { releaseNumbered } from "./release-store.ts";

interface Wanted {
  app: { id: string; name: string };
  release: number;
  /** What is done once it is approved. */
  input: { app: string; to?: number };
}

/** It has what its own slip.toml asked for, by whom it may have been: throws `BeyondGrant` where that is more than the caller's grant allows. */
export const expectReleaseWithinGrant = async ({ database }: Pick<Control, "database">, call: Call, { app, release, input }: Wanted): Promise<void> => {
  // What was done by the call's own first try stands.
  if (call.claim?.isMade || !isBounded(capsOf(call.token.grant))) return;
  const row = await releaseNumbered(database, app.id, release);
  if (row) expectWithinGrant(call, row.config, input);
};
