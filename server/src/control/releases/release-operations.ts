import { SlipError } from "@slipstream/contract/errors.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Deployment, Release } from "@slipstream/contract/words.ts";
import { type Call, type Handlers, readingAhead } from "../api/call.ts";
import { type AppRow, appNamed, livingApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { begunBefore, createDeployment } from "../deployments/create.ts";
import { liveHistory } from "../deployments/deployment-store.ts";
import { type Prepared, prepare } from "../deployments/prepared.ts";
import { expectReleaseWithinGrant } from "./granted-release.ts";
import { releaseToGoTo } from "./release.ts";
import { type ListedRelease, releasesOfApp, rollable } from "./release-store.ts";

const toRelease = (row: ListedRelease): Release => ({
  release: row.number,
  artifact: row.artifact,
  ...(row.source === null ? {} : { source: row.source }),
  ...(row.commit === null ? {} : { commit: row.commit }),
  deployment: row.deployment,
  state: row.isLive ? "live" : row.isParked ? "parked" : "kept",
  createdAt: row.createdAt.toISOString(),
});

type Input = ParsedInputOf<"releases.rollback">;

interface Target {
  app: AppRow;
  to: number;
  /** Where something of the release is still there. */
  parked: Omit<Prepared, "waking"> | undefined;
}
/** Throws `not_found` without the app, `nothing_to_roll_back` when there is no such release to go to, or it is live already. */
const target = async ({ database }: Control, call: Call, input: Input): Promise<Target> => {
  const [app, history, { lived, live: replaced, liveDeployment, parked }] = await Promise.all([
    livingApp(database, call.tenant, input.app),
    input.to === undefined ? liveHistory(database, call.tenant, input.app) : [],
    rollable(database, call.tenant, input.app),
  ]);
  const to = releaseToGoTo({ app: app.name, asked: input.to, live: app.release, history, kept: lived });
  const release = parked.find(({ number }) => number === to);
  return { app, to, parked: release && { release, replaced, liveDeployment } };
};

const begin = async (control: Control, call: Call, { app, to, parked }: Target): Promise<Deployment> => {
  await expectReleaseWithinGrant(control, call, { app, release: to, input: { app: app.name, to } });
  const undo =
    app.release === null
      ? { noUndo: "The app had no live release to go back to." }
      : { inverse: { operation: "releases.rollback", input: { app: app.name, to: app.release } } };
  return createDeployment(control, call, {
    app: app.name,
    appId: app.id,
    kind: "rollback",
    request: { to },
    operation: "releases.rollback",
    input: { app: app.name, to },
    prepare: parked && (() => prepare(control, parked)),
    ...undo,
  });
};

/** Asked again because the answer was lost, it finds what it began, which may be live by now. */
const rollback = async (control: Control, call: Call, reading: Promise<Target>): Promise<Deployment> => {
  try {
    return await begin(control, call, await reading);
  } catch (error) {
    const begun = error instanceof SlipError && error.code === "nothing_to_roll_back" ? await begunBefore(control, call) : undefined;
    if (!begun) throw error;
    return begun;
  }
};

export const releaseOperations = (control: Control): Pick<Handlers, "releases.list" | "releases.rollback"> => ({
  async "releases.list"({ app }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { releases: (await releasesOfApp(control.database, id)).map(toRelease) };
  },

  "releases.rollback": readingAhead(
    (input: Input, call) => target(control, call, input),
    (_, call, reading) => rollback(control, call, reading),
  ),
});
