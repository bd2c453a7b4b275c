// The beginning of a deployment that is alone: nothing else of its app is under way, and nothing but its row begins with it. That is most
// of those that build nothing, and they take milliseconds in all: so it is one statement, which is one question and one commit.
import { iso, json, type Part, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Call } from "../api/call.ts";
import { keepingAnswer } from "../api/claim-store.ts";
import type { Control } from "../control.ts";
import { type Journaled, type Journaling, journaling } from "../journal/journal-store.ts";
import { type DeploymentRow, toDeployment } from "./deployment.ts";
import { insertAlone, type NewDeployment } from "./deployment-store.ts";

export interface Alone extends Pick<NewDeployment, "appId" | "kind" | "request">, Journaled {
  app: string;
}

type Of = Pick<Control["installation"], "httpsPort">;

export interface By {
  installation: Of;
  call: Journaling & Pick<Call, "idempotencyKey"> & { token: Pick<Call["token"], "grantId"> };
}

/** Its answer, but for what only the database knows, which the statement adds. */
const answerOf = (installation: Of, it: NewDeployment, app: string) => {
  const begun = { state: "running", phase: "queue", release: null, artifact: null, source: null, commit: null, failure: null } as const;
  return toDeployment({ ...it, ...begun, app, project: "", phases: [], notes: [], createdAt: new Date(0), endedAt: null }, installation);
};

const partsOf = (query: Query, by: By, { it, alone }: { it: NewDeployment; alone: Alone }, from: Part): Part[] => {
  const { installation, call } = by;
  const { tenant, claim } = call;
  const entry = query`journaled as (${journaling(query, call, { ...alone, deployment: it.id }, from)})`;
  if (!claim) return [entry];
  const known = query`jsonb_build_object('project', p.name, 'createdAt', ${iso(query, "d.created_at")})`;
  const answer = query`${json(query, answerOf(installation, it, alone.app))} || ${known}`;
  return [entry, query`answered as (${keepingAnswer(query, { tenant, claim }, answer, from)})`];
};

/** Begins it, where it is alone, with its entry in the journal and its answer; else does nothing and gives undefined. */
export const beginAlone = async (query: Query, by: By, alone: Alone): Promise<DeploymentRow | undefined> => {
  const { call } = by;
  const { appId, kind, request } = alone;
  const { tenant, idempotencyKey } = call;
  const it = { id: newId("dep"), appId, tenant, kind, request, idempotencyKey, grantId: call.token.grantId };
  const row = await insertAlone(query, it, (from) => partsOf(query, by, { it, alone }, from));
  if (!row) return undefined;
  call.journaled = true;
  if (call.claim) call.claim.isAnswered = true;
  return row;
};
