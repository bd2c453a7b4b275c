// Every operation × every role and grant × what is theirs and what is not × every door. What is allowed is worked out here anew, from what
// an operation is about; an operation that is not in the list below fails the run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Grant, type Permission, type Verb, verbsOf } from "@slipstream/contract/access.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type InputOf, type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { packContents } from "@slipstream/contract/source-pack.ts";
import { newId } from "#platform/ids.ts";
import { type Asker, addAsker, addTarget, addTenant, hashOf, newSecret, source, type Target } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { type Answered, doorsOf, type OpenDoor, type Way } from "./testing/doors.ts";

type About = "app" | "deployment" | "tenant" | "nothing";
interface Entry<N extends OperationName> {
  about: About;
  input: (target: Target, asker: Asker) => InputOf<N>;
  bytes?: Buffer;
  /** Codes by which the handler itself answers for what is another tenant's, besides that it is not there. */
  foreign?: string[];
  /** The handler refuses these, besides the gate. */
  refuses?: (asker: Asker) => boolean;
}
const byApp = ({ app }: Target) => ({ app });
const byId = ({ deployment }: Target) => ({ deployment });
/** Of the deployment that is under way: it cannot be undone. */
const byEntry = ({ entry }: Target) => ({ entry });
const byPlan = ({ plan }: Target) => ({ plan });
const none = () => ({});
/** The keys and the audit are those of the installation, which is the first tenant's. */
const ofInstallation = ({ tenant }: Asker): boolean => tenant !== "local";
const may = ({ role, grant }: Asker, verb: Verb): boolean => verbsOf(role).includes(verb) && (grant?.verbs.includes(verb) ?? true);
/** Beyond the grant, a person may approve it; its plan is shown to those who may read. */
const mayAskFor = ({ role, grant }: Asker, verb: Verb): boolean => verbsOf(role).includes(verb) && grant?.verbs.includes("read") === true;
const hasGrant = ({ grant }: Asker): boolean => grant !== undefined;

/** Where an operation would change what others here ask for, its input names what is not there: then its handler says so. */
const matrix: { [N in OperationName]: Entry<N> } = {
  "apps.list": { about: "nothing", input: none },
  "apps.create": { about: "app", input: byApp, foreign: ["conflict"] },
  "apps.get": { about: "app", input: byApp },
  "apps.scale": { about: "app", input: ({ app }) => ({ app, instances: 2 }) },
  "apps.restart": { about: "app", input: byApp },
  "apps.run": { about: "app", input: ({ app }) => ({ app, command: ["true"] }) },
  "apps.destroy": { about: "app", input: byApp },
  "apps.restore": { about: "app", input: byApp },
  "sources.check": { about: "nothing", input: () => source.manifest },
  "sources.upload": { about: "nothing", input: () => ({ sha256: source.sha256 }), bytes: source.content },
  "sources.uploadMany": { about: "nothing", input: none, bytes: packContents([source.content]) },
  "deployments.create": {
    about: "app",
    input: ({ app }) => ({ app, source: { kind: "tree", digest: `sha256:${"0".repeat(64)}` } }),
    foreign: ["not_found", "invalid_input"],
  },
  "deployments.get": { about: "deployment", input: byId },
  "deployments.watch": { about: "deployment", input: byId },
  "deployments.wait": { about: "deployment", input: ({ deployment }) => ({ deployment, timeoutMs: 1 }) },
  "deployments.list": { about: "app", input: byApp },
  "deployments.cancel": { about: "deployment", input: byId },
  "releases.list": { about: "app", input: byApp },
  "releases.rollback": { about: "app", input: byApp },
  "secrets.set": { about: "app", input: ({ app }, { name }) => ({ app, values: { ASKED: `asked-by-${name}` } }) },
  "secrets.restore": { about: "app", input: ({ app }) => ({ app, versions: { NONE: 1 } }) },
  "secrets.list": { about: "app", input: byApp },
  "secrets.remove": { about: "app", input: ({ app }) => ({ app, names: ["NONE"] }) },
  "env.set": { about: "app", input: ({ app }, { name }) => ({ app, values: { ASKED: `asked-by-${name}` } }) },
  "env.list": { about: "app", input: byApp },
  "env.remove": { about: "app", input: ({ app }) => ({ app, names: ["NONE"] }) },
  "domains.add": { about: "app", input: ({ app, tenant }) => ({ app, domain: `${tenant === "third" ? "out-second" : "out-third"}.example.org` }) },
  "domains.list": { about: "app", input: byApp },
  "domains.remove": { about: "app", input: ({ app }) => ({ app, domain: "none.example.org" }) },
  "keys.list": { about: "tenant", input: none, refuses: ofInstallation },
  "keys.rotate": { about: "tenant", input: none, refuses: ofInstallation },
  "access.whoami": { about: "nothing", input: none },
  "token.rotate": { about: "nothing", input: () => ({ sha256: hashOf(newSecret()) }) },
  "tokens.create": { about: "tenant", input: () => ({ name: newId("any"), sha256: hashOf(newSecret()), grant: { verbs: [] } }) },
  "tokens.list": { about: "tenant", input: none },
  "tokens.revoke": { about: "tenant", input: () => ({ token: newId("tok") }) },
  "members.list": { about: "tenant", input: none },
  "members.invite": { about: "tenant", input: () => ({ role: "viewer", sha256: hashOf(newSecret()) }), refuses: hasGrant },
  "members.accept": { about: "nothing", input: () => ({ name: "Somebody", sha256: hashOf(newSecret()) }) },
  "members.update": { about: "tenant", input: () => ({ person: newId("per"), role: "owner" }), refuses: hasGrant },
  "members.remove": { about: "tenant", input: () => ({ person: newId("per") }), refuses: hasGrant },
  "invitations.revoke": { about: "tenant", input: () => ({ invitation: newId("inv") }), refuses: hasGrant },
  "approvals.list": { about: "nothing", input: none },
  "approvals.get": { about: "nothing", input: () => ({ approval: newId("apv") }) },
  "approvals.wait": { about: "nothing", input: () => ({ approval: newId("apv") }) },
  "approvals.approve": { about: "nothing", input: () => ({ approval: newId("apv") }) },
  "approvals.deny": { about: "nothing", input: () => ({ approval: newId("apv") }) },
  "webhooks.create": { about: "tenant", input: () => ({ url: "ftp://nobody" }) },
  "webhooks.list": { about: "tenant", input: none },
  "webhooks.get": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.update": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.remove": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.rotate": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.test": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.deliveries": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "webhooks.redeliver": { about: "tenant", input: () => ({ webhook: newId("whk") }) },
  "plans.create": {
    about: "app",
    input: ({ app }) => ({ operation: "env.set", input: { app, values: { PLANNED: "1" } } }),
    refuses: (asker) => !may(asker, "configure") && !mayAskFor(asker, "configure"),
  },
  "plans.list": { about: "nothing", input: ({ app }) => ({ app }) },
  "plans.get": { about: "deployment", input: byPlan },
  "plans.apply": { about: "deployment", input: byPlan },
  "sessions.code": { about: "tenant", input: () => ({ sha256: hashOf(newSecret()) }), refuses: hasGrant },
  "providers.list": { about: "tenant", input: none, refuses: ofInstallation },
  "providers.add": {
    about: "tenant",
    input: () => ({ name: "none", issuer: "ftp://nobody", clientId: "none", clientSecret: "none" }),
    refuses: ofInstallation,
  },
  "providers.remove": { about: "tenant", input: () => ({ name: "none" }), refuses: ofInstallation },
  "connections.list": { about: "nothing", input: none },
  "connections.revoke": { about: "nothing", input: () => ({ connection: newId("grt") }) },
  "projects.list": { about: "nothing", input: none },
  "projects.create": { about: "tenant", input: () => ({ project: "side" }) },
  "platform.status": { about: "nothing", input: none },
  "platform.trust": { about: "nothing", input: none },
  "platform.audit": { about: "tenant", input: none, refuses: ofInstallation },
  "journal.list": { about: "nothing", input: none },
  "journal.get": { about: "deployment", input: byEntry },
  "journal.undo": { about: "deployment", input: byEntry },
  "logs.read": { about: "app", input: byApp },
};

const developer: Verb[] = ["read", "deploy", "configure", "destroy"];
const everything: Grant = { verbs: [...developer, "administer"] };
const grants: Record<string, Grant> = {
  nothing: { verbs: [] },
  everything,
  reader: { verbs: ["read"] },
  "by-prefix": { verbs: developer, namePrefix: "pr-" },
  "by-project": { verbs: developer, projects: ["side"] },
  "no-project": { verbs: developer, projects: [] },
  "by-environment": { verbs: developer, environments: ["production"] },
  "no-environment": { verbs: [...developer, "administer"], environments: [] },
  deployer: { verbs: ["deploy"], namePrefix: "pr-" },
  administrator: { verbs: ["administer"] },
};

type Kind = "passed" | "forbidden" | "approval" | "absent";

const covered = ({ projects, environments, namePrefix = "" }: Grant, { app, project }: { app: string; project: string }): boolean =>
  (projects?.includes(project) ?? true) && (environments?.includes("production") ?? true) && app.startsWith(namePrefix);

/** Whatever is planned or applied asks for its own permission. */
const isAnybodys = (permission: Permission): permission is "any" | "anybody" => permission === "any" || permission === "anybody";

/** What the gate should answer, in words of its own. A foreign app is, for the asker, one that is not there, which would be in the first project. */
const expected = (name: OperationName, entry: Entry<OperationName>, asker: Asker, target: Target): Kind => {
  const { permission, effect, answer, body }: Operation = operations[name];
  const { about } = entry;
  const isForeign = target.tenant !== asker.tenant;
  const role = verbsOf(asker.role) as string[];
  if (permission === "join" || (!isAnybodys(permission) && !role.includes(permission))) return "forbidden";
  if (entry.refuses?.(asker)) return "forbidden";
  const { grant } = asker;
  const past = isForeign && (about === "app" || about === "deployment") ? "absent" : "passed";
  if (!grant) return past;
  const approvable = effect !== "read" && answer === "json" && body === "json" && permission !== "administer" && !isAnybodys(permission) && about !== "nothing";
  const hasVerb = isAnybodys(permission) || grant.verbs.includes(permission);
  const isCovered = covered(grant, isForeign ? { app: target.app, project: "default" } : target);
  if (about === "deployment" && isForeign) return hasVerb ? "absent" : "forbidden";
  if (about === "deployment" && !isCovered) return hasVerb ? "absent" : "forbidden";
  if (!hasVerb) return approvable ? "approval" : "forbidden";
  if (about === "nothing") return past;
  const isScoped = grant.projects !== undefined || grant.environments !== undefined || grant.namePrefix !== undefined;
  if (about === "tenant") return isScoped ? (approvable ? "approval" : "forbidden") : "passed";
  return isCovered ? past : effect === "read" ? "absent" : approvable ? "approval" : "forbidden";
};

const kindOf = ({ code, text }: Answered): Kind | "unauthorized" | "internal" => {
  if (code === "unauthorized" || code === "forbidden" || code === "internal") return code;
  if (code === "approval_needed") return "approval";
  return code === "not_found" && /There is no (app|deployment|entry|plan) |"node":null/.test(text) ? "absent" : "passed";
};

let plane: ControlPlane;
let doors: { doors: OpenDoor[]; close(): void };
const askers: Asker[] = [];
const targets: Target[] = [];

before(async () => {
  plane = await startControlPlane();
  doors = doorsOf(plane);
  const tenants = ["local", "second", "third"];
  for (const tenant of tenants) {
    await addTenant(plane, tenant);
    for (const role of ["owner", "developer", "viewer"] as const) askers.push(await addAsker(plane, { name: `${tenant}-${role}`, tenant, role }));
  }
  for (const [name, grant] of Object.entries(grants)) askers.push(await addAsker(plane, { name, tenant: "local", role: "owner", grant }));
  askers.push(await addAsker(plane, { name: "viewer-with-a-grant", tenant: "local", role: "viewer", grant: everything }));
  askers.push(await addAsker(plane, { name: "developer-with-a-grant", tenant: "local", role: "developer", grant: { verbs: ["read"] } }));
  await plane.kill("control");
  await Promise.all(
    tenants.map(async (tenant) => {
      const owner = plane.clientWith(askers.find(({ name }) => name === `${tenant}-owner`)?.token ?? "");
      targets.push(
        await addTarget(owner, { tenant, project: "side", app: `pr-${tenant}` }),
        await addTarget(owner, { tenant, project: "default", app: `out-${tenant}` }),
      );
    }),
  );
});
after(async () => {
  doors.close();
  await plane.stop();
});

interface Case {
  door: OpenDoor;
  way: Way;
  asker: Asker;
  target: Target;
}

/** The first answer of its operations that ends it. */
const expectedOf = ({ way, asker, target }: Case): Kind =>
  way.does.map((name) => expected(name, matrix[name] as Entry<OperationName>, asker, target)).find((kind) => kind !== "passed") ?? "passed";

/** Who may destroy an app is asked for one that is not there, which would be in the first project. */
const sparing = (it: Case): Case =>
  it.way.does.includes("apps.destroy") && expectedOf(it) === "passed"
    ? { ...it, target: { ...it.target, app: `${it.target.app}-none`, project: "default" } }
    : it;

/** What the asker may not see, and has not named itself. */
const hiddenMarks = ({ way, asker, target }: Case): string[] =>
  targets
    .filter((it) => it.tenant !== asker.tenant || (asker.grant !== undefined && !covered(asker.grant, it)))
    .filter((it) => it.app !== target.app)
    // Approvals name the app that somebody of the tenant has asked for, whether there is one or not.
    .flatMap(({ app, marks }) => (way.does.includes("approvals.list") ? marks.filter((mark) => mark !== app) : marks));

const check = async (given: Case): Promise<string | undefined> => {
  const it = sparing(given);
  const { door, way, asker, target } = it;
  const entries = way.does.map((name) => matrix[name] as Entry<OperationName>);
  const { input: inputFor, bytes } = entries.at(-1) as Entry<OperationName>;
  const input = inputFor(target, asker);
  const told = `${door.name} ${way.name} (${way.does.join()}) by ${asker.name} for ${target.app}`;
  const answered = await door.ask({ way, input, bytes, headers: { authorization: `Bearer ${asker.token}` } }).catch((error: Error) => error);
  if (answered instanceof Error) return `${told}: ${answered.message}`;
  const [kind, wanted] = [kindOf(answered), expectedOf(it)];
  const isForeignCode = wanted === "absent" && target.tenant !== asker.tenant && entries.some(({ foreign }) => foreign?.includes(answered.code ?? "none"));
  const isNothingThere = wanted === "passed" && kind === "absent" && it !== given;
  if (kind !== wanted && !isForeignCode && !isNothingThere) return `${told}: ${wanted} was expected, it was ${kind}: ${answered.text.slice(0, 200)}`;
  const named = JSON.stringify(input);
  const leaked = hiddenMarks(it).find((mark) => !named.includes(mark) && answered.text.includes(mark));
  return leaked === undefined ? undefined : `${told}: gives ${leaked} away: ${answered.text.slice(0, 300)}`;
};

const sideBySide = async <T, R>(all: readonly T[], act: (it: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) results[index] = await act(all[index] as T);
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return results;
};

/** Of their own tenant, and one that is not theirs. */
const targetsFor = (asker: Asker, { does }: Pick<Way, "does">): Target[] => {
  const own = targets.filter(({ tenant }) => tenant === asker.tenant);
  const foreign = targets.find(({ tenant, app }) => tenant !== asker.tenant && app.startsWith("out-"));
  const isAboutOne = does.some((name) => matrix[name].about === "app" || matrix[name].about === "deployment");
  return isAboutOne && foreign ? [...own, foreign] : own.slice(0, 1);
};

/** The first door is asked for all; the others for one of those that are alike to the asker. */
const isAsked = (door: OpenDoor, { grant }: Asker, all: readonly Target[], target: Target): boolean =>
  door === doors.doors[0] ||
  all.find((it) => it.tenant === target.tenant && covered(grant ?? everything, it) === covered(grant ?? everything, target)) === target;

const casesOf = (door: OpenDoor): Case[] =>
  door.ways.flatMap((way) =>
    askers.flatMap((asker) => {
      const all = targetsFor(asker, way);
      return all.filter((target) => isAsked(door, asker, all, target)).map((target) => ({ door, way, asker, target }));
    }),
  );

/** A token that was replaced ends. */
const replacesToken = ({ way }: Case): boolean => way.does.includes("token.rotate");

test("every operation is in the matrix, and every door has it or says why not", () => {
  const all = new Set(Object.keys(operations));
  assert.deepEqual(new Set(Object.keys(matrix)), all);
  for (const { name, ways, lacks, reaches } of doors.doors) {
    const had = new Set(ways.flatMap(({ does }) => does));
    assert.deepEqual(new Set(reaches()), had, `what ${name} reaches is asked`);
    assert.deepEqual(new Set([...had, ...Object.keys(lacks)]), all, name);
    assert.deepEqual(
      Object.keys(lacks).filter((each) => had.has(each as OperationName)),
      [],
      `${name} lacks none that it has`,
    );
  }
});

test("nobody gets, changes or learns of what their tenant, role and grant do not give them", async () => {
  const cases = doors.doors.flatMap(casesOf);
  const wrong = [
    ...(await sideBySide(
      cases.filter((it) => !replacesToken(it)),
      check,
    )),
    ...(await sideBySide(cases.filter(replacesToken), check)),
  ].filter((it) => it !== undefined);
  assert.ok(cases.length > 5_000, `${cases.length} questions`);
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${cases.length}`);
});

const plannable = Object.values<Operation>(operations)
  .filter(({ effect, notPlanned }) => effect !== "read" && notPlanned === undefined)
  .map(({ name }) => name as OperationName);

test("nobody plans what they may not do, and who may do it may plan it", async () => {
  const [door] = doors.doors;
  const way = door?.ways.find(({ does }) => does.join() === "plans.create");
  assert.ok(door && way);
  const cases = plannable.flatMap((name) => askers.flatMap((asker) => targetsFor(asker, { does: [name] }).map((target) => ({ name, asker, target }))));
  const wrong = await sideBySide(cases, async ({ name, asker, target }) => {
    const entry = matrix[name] as Entry<OperationName>;
    const input = { operation: name, input: entry.input(target, asker) };
    const { code, text } = await door.ask({ way, input, headers: { authorization: `Bearer ${asker.token}` } });
    const wanted = expected(name, entry, asker, target);
    const isRight = wanted === "passed" ? code !== "forbidden" : wanted === "approval" || code !== undefined;
    return isRight ? undefined : `${name} by ${asker.name} for ${target.app}: ${wanted} was expected, it was ${text.slice(0, 200)}`;
  });
  assert.deepEqual(
    wrong.filter((it) => it !== undefined),
    [],
  );
});

test("no setting of an app was changed by somebody who may not", async () => {
  for (const { app, tenant, project } of targets) {
    const owner = plane.clientWith(askers.find(({ name }) => name === `${tenant}-owner`)?.token ?? "");
    const { env } = await owner.call("env.list", { app });
    assert.equal(env.find(({ name }) => name === "COLOUR")?.value, `precious-${app}`);
    const asked = env.find(({ name }) => name === "ASKED")?.value.replace("asked-by-", "");
    const asker = askers.find(({ name }) => name === asked);
    assert.ok(asker && asker.tenant === tenant && asker.role !== "viewer", `${app} was changed by ${asked}`);
    assert.ok(
      asker.grant === undefined || (covered(asker.grant, { app, project }) && asker.grant.verbs.includes("configure")),
      `${app} was changed by ${asked}`,
    );
  }
});

test("somebody who is no member of the tenant may do nothing, and an invitation may be accepted alone", async () => {
  const [target] = targets;
  const left = await addAsker(plane, { name: "left", tenant: "local", role: "owner" });
  await plane.database`delete from members where person = (select person from tokens where actor = 'left')`;
  const invitation = newSecret();
  await plane.client.call("members.invite", { role: "owner", sha256: hashOf(invitation) });
  assert.ok(target);
  for (const door of doors.doors)
    for (const way of door.ways) {
      const { input, bytes } = matrix[way.does.at(-1) as OperationName] as Entry<OperationName>;
      const ask = (token: string): Promise<Answered> => door.ask({ way, input: input(target, left), bytes, headers: { authorization: `Bearer ${token}` } });
      const permissions = way.does.map((name): Permission => operations[name].permission);
      if (permissions.some((each) => !isAnybodys(each))) assert.equal((await ask(left.token)).code, "forbidden", `${door.name} ${way.name}`);
      const isOwnPlan = permissions.every((each) => each === "anybody");
      // The plan of somebody else is, for an invitation, not there.
      if (!permissions.includes("join"))
        assert.ok([isOwnPlan ? "not_found" : "forbidden", "forbidden"].includes((await ask(invitation)).code ?? "none"), `${door.name} ${way.name}`);
    }
});
