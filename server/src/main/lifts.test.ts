// An approval lifts of a grant what it named, and nothing else: what meets another bound asks again, and is done once in the end.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Grant } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { saveCpuTimes } from "../control/access/cpu-store.ts";
import { approvalNeeded, hashOf, newSecret, source, startPlaneWithSource } from "./testing/access-world.ts";
import type { ControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startPlaneWithSource();
});
after(() => plane.stop());

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
/** Without slip.toml: its release would have the usual memory. */
const tree = { kind: "tree", digest: source.digest } as const;
const memoryBytes = limit("memoryBytes");
const small = { memoryBytes: 2 ** 20 };
const smallMemory = { kind: "memory", memoryBytes, allowedBytes: 2 ** 20 };
const noBuilds = { kind: "builds", allowed: 0 };
const deploying: Grant = { verbs: ["read", "deploy"] };

const agentWith = async (grant: Grant): Promise<Client> => {
  const token = newSecret();
  await plane.client.call("tokens.create", { name: randomUUID(), sha256: hashOf(token), grant });
  return plane.clientWith(token);
};
const needed = async (asked: Promise<unknown>): Promise<string> => (await approvalNeeded(asked)).approval;
const shown = (approval: string) => plane.client.call("approvals.get", { approval });
const ended = (agent: Client, approval: string) => agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
const approve = async (agent: Client, approval: string) => {
  await plane.client.call("approvals.approve", { approval });
  return ended(agent, approval);
};
/** By the next of which it goes on. */
const continued = async (agent: Client, approval: string): Promise<string> => {
  const { state, continuedBy = "" } = await approve(agent, approval);
  assert.equal(state, "continued");
  return continuedBy;
};
const deploymentsOf = async (app: string) => (await plane.client.call("deployments.list", { app })).deployments.map(({ deployment }) => deployment);
const entriesOf = async (app: string) => (await plane.client.call("journal.list", { app, limit: 500 })).entries;
const askedBy = async (agent: Client) => (await agent.call("approvals.list", {})).approvals.length;

test("what was approved and meets another bound asks for that alone, and both approvals let it go on, once", async () => {
  const agent = await agentWith({ ...deploying, limits: small, budget: { builds: 0 } });
  const key = { idempotencyKey: randomUUID() };
  const deploy = (options = {}) => agent.call("deployments.create", { app: "both", source: tree }, options);
  const first = await needed(deploy(key));
  assert.deepEqual((await shown(first)).beyond, [noBuilds]);
  const second = await continued(agent, first);
  await assert.rejects(plane.client.call("apps.get", { app: "both" }), refused("not_found"), "nothing was made");
  assert.partialDeepStrictEqual(await shown(second), {
    state: "pending",
    operation: "deployments.create",
    app: "both",
    why: "An instance would have 512MB of memory; the grant allows 1MB.",
    beyond: [smallMemory],
    approvedBefore: [{ by: "owner", beyond: [noBuilds] }],
  });
  for (const options of [key, {}, { idempotencyKey: randomUUID() }]) assert.equal(await needed(deploy(options)), second);
  await assert.rejects(plane.client.call("approvals.approve", { approval: first }), refused("conflict"), "it has ended");
  const { state, output } = await approve(agent, second);
  assert.equal(state, "done");
  const { deployment } = output as { deployment: string };
  assert.equal((await deploy(key)).deployment, deployment);
  assert.equal((await deploy(key)).deployment, deployment);
  assert.deepEqual(await deploymentsOf("both"), [deployment]);
  assert.deepEqual((await shown(await needed(deploy()))).beyond, [noBuilds], "with another key it is another question");
  const [row] = await plane.database<{ request: { caps: unknown } }[]>`select request from deployments where id = ${deployment}`;
  assert.deepEqual(row?.request.caps, { memoryBytes }, "what was lifted binds it as far as it was lifted");
  const names = (await entriesOf("both")).map(({ operation, approvedBy }) => [operation, approvedBy]).sort();
  assert.deepEqual(names, [
    ["approvals.approve", undefined],
    ["approvals.approve", undefined],
    ["deployments.create", "owner"],
  ]);
  assert.equal((await agent.call("access.whoami", {})).used?.builds, 1, "what was approved is counted");
});

test("what nobody approves in the end is not done, and asking again begins anew", async () => {
  const agent = await agentWith({ ...deploying, limits: small, budget: { builds: 0 } });
  const deploy = () => agent.call("deployments.create", { app: "neither", source: tree });
  const second = await continued(agent, await needed(deploy()));
  await plane.client.call("approvals.deny", { approval: second });
  await assert.rejects(deploy(), refused("approval_denied"));
  await assert.rejects(plane.client.call("apps.get", { app: "neither" }), refused("not_found"));
  assert.deepEqual((await shown(await needed(deploy()))).beyond, [noBuilds], "what was lifted is lifted no more");
});

test("a verb that is approved lifts no budget: who comes last is asked for it", async () => {
  const agent = await agentWith({ verbs: ["read"], budget: { builds: 1 } });
  const deploy = (app: string) => agent.call("deployments.create", { app, source: tree });
  const [one, other] = [await needed(deploy("last-one")), await needed(deploy("last-other"))];
  assert.equal((await approve(agent, one)).state, "done");
  const { beyond, approvedBefore } = await shown(await continued(agent, other));
  assert.deepEqual(beyond, [{ kind: "builds", allowed: 1 }]);
  assert.deepEqual(approvedBefore, [{ by: "owner", beyond: [{ kind: "verb", verb: "deploy" }] }]);
  const all = (await shown(await needed(deploy("last-third")))).beyond.map(({ kind }) => kind);
  assert.deepEqual(all, ["verb", "builds"], "all that is known is asked at once");
});

test("two that use the last build at the same time are one that is done and one that asks", async () => {
  const agent = await agentWith({ ...deploying, budget: { builds: 1 } });
  const asked = await Promise.allSettled(["same-one", "same-two"].map((app) => agent.call("deployments.create", { app, source: tree })));
  assert.deepEqual(asked.map((it) => (it.status === "fulfilled" ? "done" : (it.reason as SlipError).code)).sort(), ["approval_needed", "done"]);
  assert.equal((await agent.call("access.whoami", {})).used?.builds, 1);
});

test("where control dies after a yes, what goes on is asked once; what is made is joined, whatever was used up since", async () => {
  const agent = await agentWith({ verbs: ["read"], limits: small, budget: { cpuMinutes: 1 } });
  const first = await needed(agent.call("deployments.create", { app: "mortal", source: tree }));
  await plane.client.call("approvals.approve", { approval: first });
  await plane.kill("control");
  const { state, continuedBy: second = "" } = await ended(agent, first);
  assert.deepEqual([state, await askedBy(agent)], ["continued", 2]);
  const [before] = await plane.database<{ sealed: Buffer; keyId: string }[]>`select sealed, key_id from approvals where id = ${second}`;
  const { deployment } = (await approve(agent, second)).output as { deployment: string };
  const [{ grantId: account } = { grantId: "" }] = await plane.database<{ grantId: string }[]>`select grant_id from approvals where id = ${second}`;
  await saveCpuTimes(plane.database, [{ sandbox: "ins_mortal:1", account, ms: 120_000 }]);
  await plane.database`
    update approvals set state = 'approved', sealed = ${before?.sealed ?? null}, key_id = ${before?.keyId ?? null}, ended_at = null where id = ${second}`;
  await plane.kill("control");
  const again = await ended(agent, second);
  assert.deepEqual([again.state, (again.output as { deployment: string }).deployment], ["done", deployment]);
  assert.deepEqual([await askedBy(agent), await deploymentsOf("mortal")], [2, [deployment]]);
});

test("a plan names all that it is beyond, and is applied once when both were approved", async () => {
  const agent = await agentWith({ ...deploying, limits: small, budget: { builds: 0 } });
  const { plan, policy } = await agent.call("plans.create", { operation: "deployments.create", input: { app: "planned", source: tree } });
  assert.match(policy.why ?? "", /0 builds is used up\. An instance would have 512MB/);
  const apply = () => agent.call("plans.apply", { plan });
  const second = await continued(agent, await needed(apply()));
  assert.partialDeepStrictEqual(await shown(second), { operation: "plans.apply", input: { plan }, beyond: [smallMemory] });
  assert.equal(await needed(apply()), second);
  assert.equal((await approve(agent, second)).state, "done");
  assert.deepEqual(await deploymentsOf("planned"), [(await apply()).output.deployment]);
});

test("one that was asked before approvals named what they lift, asks for it", async () => {
  const agent = await agentWith({ verbs: ["read"] });
  const approval = await needed(agent.call("apps.create", { app: "elder" }));
  await plane.database`update approvals set beyond = '[]' where id = ${approval}`;
  const next = await continued(agent, approval);
  assert.deepEqual((await shown(next)).beyond, [{ kind: "verb", verb: "deploy" }]);
  assert.equal((await approve(agent, next)).state, "done");
});
