// Three tenants with people of each role, tokens with grants, and things of theirs, to ask for one another's.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import type { Grant, Role } from "@slipstream/contract/access.ts";
import { verbsOf } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { insertPerson, setMember } from "../../control/access/people-store.ts";
import { insertGrant, insertToken } from "../../control/access/token-store.ts";
import { insertProject } from "../../control/projects/project-store.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
export const newSecret = (): string => `slip_${randomUUID()}`;

/** What a call is told that needs an approval. Rejects where it was done, or failed otherwise. */
export const approvalNeeded = async (asked: Promise<unknown>): Promise<{ approval: string; url: string; command: string; next: string }> => {
  const error = (await asked.then(
    () => assert.fail("It was done."),
    (told: unknown) => told,
  )) as SlipError;
  assert.equal(error.code, "approval_needed", error.message);
  const { approval = "", url = "", command = "" } = error.details.approval ?? {};
  return { approval, url, command, next: error.next };
};

export interface Asker {
  name: string;
  tenant: string;
  role: Role;
  grant?: Grant;
  token: string;
}

/** Stores a person's token; control knows it at its next look, at most some hundred milliseconds later. */
export const addAsker = async ({ database }: ControlPlane, of: Omit<Asker, "token">): Promise<Asker> => {
  const token = newSecret();
  const { tenant, role, grant, name } = of;
  const person = await insertPerson(database, { name });
  await setMember(database, { tenant, person: person.id, role });
  const grantId = grant === undefined ? null : await insertGrant(database, { tenant, person: person.id, terms: grant });
  const sha256 = createHash("sha256").update(token).digest();
  await insertToken(database, { tenant, actor: name, kind: "plain", name, person: person.id, sha256, verbs: verbsOf("owner"), grantId });
  return { ...of, token };
};

export interface Target {
  app: string;
  tenant: string;
  project: string;
  deployment: string;
  /** Of the journal, for the deployment. */
  entry: string;
  /** Of before its settings: who may apply it is told that it is stale. */
  plan: string;
  /** What nobody may see who may not see the app. */
  marks: string[];
}

const content = Buffer.from("<h1>here</h1>");
const sha256 = createHash("sha256").update(content).digest("hex");
const manifest = { entries: [{ type: "file" as const, path: "index.html", sha256, size: content.length, executable: false }] };
export const source = { manifest, sha256, content, digest: sourceDigest(manifest) };

/** A control plane that has the source. */
export const startPlaneWithSource = async (): Promise<ControlPlane> => {
  const plane = await startControlPlane();
  await plane.client.call("sources.check", manifest);
  await plane.client.call("sources.upload", { sha256 }, { bytes: content });
  return plane;
};

/** An app with a plan, settings, a domain, a line of the journal and a deployment, which stays open without a host. */
export const addTarget = async (owner: Client, of: { app: string; tenant: string; project: string }): Promise<Target> => {
  const { app, project } = of;
  const mark = `precious-${app}`;
  await owner.call("apps.create", { app, project });
  const { plan } = await owner.call("plans.create", { operation: "env.set", input: { app, values: { PLANNED: "1" } } });
  await owner.call("secrets.set", { app, values: { [`SECRET_${app.replace("-", "_")}`]: mark } });
  await owner.call("env.set", { app, values: { COLOUR: mark } });
  await owner.call("domains.add", { app, domain: `${app}.example.org` });
  await owner.call("sources.check", manifest);
  await owner.call("sources.upload", { sha256 }, { bytes: content });
  const { deployment } = await owner.call("deployments.create", { app, source: { kind: "tree", digest: source.digest } });
  const entry = (await owner.call("journal.list", { app })).entries[0]?.id ?? "";
  return { ...of, deployment, entry, plan, marks: [app, mark, `SECRET_${app.replace("-", "_")}`, deployment, plan] };
};

export const addTenant = async ({ database }: ControlPlane, tenant: string): Promise<void> => {
  await database`insert into tenants (tenant) values (${tenant}) on conflict do nothing`;
  for (const name of ["default", "side"]) await database.begin((query) => insertProject(query, { tenant, name, environment: "production" }));
};
