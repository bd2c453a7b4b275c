// Brings a destroyed app back, with the release that was live then: a deployment like any other, but that it builds nothing.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Call } from "../api/call.ts";
import { keepAnswer } from "../api/claim-store.ts";
import type { Control } from "../control.ts";
import { createDeployment } from "../deployments/create.ts";
import { destructionOf, journal } from "../journal/journal-store.ts";
import { expectReleaseWithinGrant } from "../releases/granted-release.ts";
import { tellOfApp } from "./app-events.ts";
import { type AppRow, expectDestroyed, findApp, lockApp, unmarkDestroyed } from "./app-store.ts";

interface Restored {
  app: string;
  deployment?: Deployment;
}

const askedOf = (app: string) => ({ operation: "apps.restore", app, input: { app }, inverse: { operation: "apps.destroy", input: { app } } });

/** There is nothing to start: it is as it was at once. */
const reopen = ({ database, installation }: Control, call: Call, { id, name }: AppRow): Promise<Restored> =>
  database.begin(async (query) => {
    const locked = await lockApp(query, id);
    await call.expects?.check(query, { app: id });
    expectDestroyed(locked, true);
    await unmarkDestroyed(query, id);
    await tellOfApp(query, installation, { topic: "app.restored", appId: id });
    await journal(query, call, askedOf(name));
    await keepAnswer(query, call, { app: name });
    return { app: name };
  });

/** Throws `not_found`, and `conflict` for an app that is not destroyed, or is being purged. */
export const restoreApp = async (control: Control, call: Call, name: string): Promise<Restored> => {
  const row = await findApp(control.database, call.tenant, name);
  if (!row) throw new SlipError("not_found", `There is no app ${name}.`, { next: "List what can be brought back with 'slip apps --destroyed'." });
  expectDestroyed(row, true);
  const purging = await control.database`select 1 from tasks where app_id = ${row.id} and state = 'open' and input->>'purge' = 'true'`;
  if (purging.length > 0) throw new SlipError("conflict", `The app ${name} is being purged.`, { next: "See 'slip apps --destroyed'." });
  // However it is asked for, it undoes that the app was destroyed.
  call.undoes ??= await destructionOf(control.database, call.tenant, name);
  if (row.releaseBefore === null) return reopen(control, call, row);
  await expectReleaseWithinGrant(control, call, { app: row, release: row.releaseBefore, input: { app: name } });
  const answer = (deployment: Deployment): Restored => ({ app: name, deployment });
  return answer(await createDeployment(control, call, { ...askedOf(name), appId: row.id, kind: "restore", request: { to: row.releaseBefore }, answer }));
};
