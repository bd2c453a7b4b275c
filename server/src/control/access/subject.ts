// What an operation is about, for callers with a grant: found by its input, and looked up inside the caller's tenant.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { SourceOrigin } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import type { Call } from "../api/call.ts";
import { findApp, firstEnvironment, firstProject } from "../apps/app-store.ts";
import { deploymentIn, deploymentWithKey } from "../deployments/deployment-store.ts";
import { placeOfEntry } from "../journal/journal-store.ts";
import { planIn } from "../plans/plan-store.ts";
import { coveredApps } from "./coverage.ts";
import { covers, isScoped, type PlacedApp, type Subject, type Used } from "./decide.ts";
import { countedOf } from "./token-store.ts";

/**
 * What is about nothing that a grant covers or not: the caller itself; lists that show what is covered alone; contents, which are named
 * by their hash; and approvals, which know whose they are. What is not here and names no app is about the whole tenant.
 */
const aboutNothing: ReadonlySet<OperationName> = new Set<OperationName>([
  "access.whoami",
  "token.rotate",
  "apps.list",
  "journal.list",
  "plans.list",
  "projects.list",
  "platform.status",
  "platform.trust",
  "sources.check",
  "sources.upload",
  "sources.uploadMany",
  "connections.list",
  "connections.revoke",
  "approvals.list",
  "approvals.get",
  "approvals.wait",
  "approvals.approve",
  "approvals.deny",
]);

type About = "nothing" | "tenant" | "app" | "deployment";

/** By the operation alone. Closed by default: a new operation that names no app needs a grant for the whole tenant. */
const aboutOf = (name: OperationName, { input }: Pick<Operation, "input">): About => {
  if (aboutNothing.has(name)) return "nothing";
  if ("app" in input.shape) return "app";
  return "deployment" in input.shape ? "deployment" : "tenant";
};

const usedBy = async (query: Query, { tenant, token }: Call): Promise<Used> => {
  const [[covered], counted] = await Promise.all([
    query<{ apps: number }[]>`select count(*)::int as apps from apps a where a.tenant = ${tenant} and ${coveredApps(query, token.grant)}`,
    countedOf(query, token.grantId),
  ]);
  return { apps: covered?.apps ?? 0, ...counted };
};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Asked again because the answer was lost, it finds what it made, and makes nothing new. */
const isBegun = async (query: Query, { tenant, idempotencyKey: key }: Call): Promise<boolean> =>
  key !== undefined && (await deploymentWithKey(query, tenant, key)) !== undefined;

const place = ({ name, project, environment }: PlacedApp): PlacedApp => ({ name, project, environment });

/** The app of a deployment in the tenant. */
const appOfDeployment = async (query: Query, { tenant }: Call, id: string): Promise<PlacedApp | undefined> => {
  const row = await deploymentIn(query, tenant, id);
  const app = row && (await findApp(query, tenant, row.app));
  return app && place(app);
};

/** No grant that covers some apps covers this. */
const nowhere: PlacedApp = { name: "", project: "", environment: "" };
const nothingUsed: Used = { apps: 0, builds: 0, cpuMs: 0 };
/** Of a deployment or a plan. */
const byIdOf = (app: PlacedApp, id: string): Subject => ({ about: "app", app, byId: id, isNew: false, isBuild: false, used: nothingUsed });

const appSubject = async (query: Query, call: Call, name: OperationName, input: Record<string, unknown>): Promise<Subject> => {
  const appName = textOf(input.app);
  if (appName === undefined) return { about: "tenant" };
  const [known, used, begun] = await Promise.all([findApp(query, call.tenant, appName), usedBy(query, call), isBegun(query, call)]);
  const app = known ?? { name: appName, project: textOf(input.project) ?? firstProject, environment: firstEnvironment };
  const makes = name === "apps.create" || name === "deployments.create";
  const instances = typeof input.instances === "number" ? input.instances : undefined;
  return { about: "app", app: place(app), isNew: makes && known === undefined && !begun, isBuild: name === "deployments.create" && !begun, instances, used };
};

/** A deployment that is not there is about nothing: the handler says so. */
const deploymentSubject = async (query: Query, call: Call, id: string): Promise<Subject> => {
  const app = await appOfDeployment(query, call, id);
  return app === undefined ? { about: "nothing" } : byIdOf(app, id);
};

/**
 * The app that a source goes to: that of its base where it has one, else the one that is named, else, for files and snippets, a new one
 * within the grant. Throws `invalid_input` for other sources that name none: what they would be named decides what covers them.
 */
const createSubject = async (query: Query, call: Call, input: Record<string, unknown>): Promise<Subject> => {
  const source = input.source as SourceOrigin;
  const base = source.kind === "files" && source.base !== undefined && source.base !== "live" ? source.base : undefined;
  const of = base === undefined ? undefined : await appOfDeployment(query, call, base);
  if (base !== undefined && of !== undefined && !covers(call.token.grant, of)) return byIdOf(of, base);
  const app = input.app ?? of?.name;
  if (app !== undefined) return appSubject(query, call, "deployments.create", { ...input, app });
  if (source.kind === "tree" || source.kind === "git")
    throw new SlipError("invalid_input", "A token with a grant names the app that it deploys.", { next: "Name it with --app, or as 'app' of the operation." });
  return appSubject(query, call, "deployments.create", { ...input, app: `${call.token.grant?.namePrefix ?? "new"}…` });
};

/** A plan shows what there is of the app that it is about: who makes one must be covered as who reads it. */
const planningSubject = async (query: Query, call: Call, { operation: name, input }: Record<string, unknown>): Promise<Subject> => {
  if (!isOperation(name)) return { about: "nothing" };
  const read = operations[name].input.safeParse(input);
  if (!read.success) return { about: "nothing" };
  const subject = await subjectOf(query, call, name, operations[name], read.data);
  return subject.about === "app" ? { ...subject, isNew: false, isBuild: false, instances: undefined } : subject;
};

const isOperation = (name: unknown): name is OperationName => typeof name === "string" && Object.hasOwn(operations, name);

/** What is planned is decided once more where it is applied. */
const planSubject = async (query: Query, call: Call, id: string): Promise<Subject> => {
  const plan = await planIn(query, call.tenant, id);
  if (!plan) return { about: "nothing" };
  if (plan.app === null) return { about: aboutNothing.has(plan.operation as OperationName) ? "nothing" : "tenant" };
  const app = await findApp(query, call.tenant, plan.app);
  if (app) return byIdOf(place(app), id);
  // Where a new app would be, its input says, which is decided when it is applied. Until then its plan is who planned it's.
  const isOwn = plan.actor === call.actor && plan.grantId === call.token.grantId;
  return isOwn || !isScoped(call.token.grant) ? { about: "nothing" } : byIdOf(nowhere, id);
};

/** Of an app that has the name of another one of before, the entries of that are not its own: they are the whole tenant's. */
const entrySubject = async (query: Query, call: Call, id: string): Promise<Subject> => {
  const entry = await placeOfEntry(query, call.tenant, id);
  if (!entry) return { about: "nothing" };
  const app = entry.app !== null && entry.isThere ? await findApp(query, call.tenant, entry.app) : undefined;
  if (app) return byIdOf(place(app), id);
  return isScoped(call.token.grant) ? byIdOf(nowhere, id) : { about: "tenant" };
};

export const subjectOf = async (query: Query, call: Call, name: OperationName, operation: Operation, input: Record<string, unknown>): Promise<Subject> => {
  if (name === "plans.create") return planningSubject(query, call, input);
  if (name === "journal.get" || name === "journal.undo") return entrySubject(query, call, String(input.entry));
  if (name === "plans.get" || name === "plans.apply") return planSubject(query, call, String(input.plan));
  if (call.token.grant !== undefined && name === "deployments.create") return createSubject(query, call, input);
  const about = aboutOf(name, operation);
  if (about === "app") return appSubject(query, call, name, input);
  return about === "deployment" ? deploymentSubject(query, call, String(input.deployment)) : { about };
};
