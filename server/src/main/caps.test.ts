// slip.toml that asks for more memory or instances than a grant allows: a person is asked. With the part of the host that has sources.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Grant } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import { serveCalls } from "#platform/calls.ts";
import { execOrThrow } from "#platform/exec.ts";
import { uids } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { freePort } from "#platform/ports.ts";
import { buildHandlers } from "../build/handlers.ts";
import { failureFor } from "../control/api/mcp/outcome.ts";
import { givenTree } from "../control/sources/given-files.ts";
import { approvalNeeded, hashOf, newSecret } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

type Source = InputOf<"deployments.create">["source"];

let plane: ControlPlane;
let host: http.Server;
let daemon: ChildProcess;
let served = "";
let repository = "";

/** Fetches and reads sources, as the host does; what is to be built is refused. */
const serveSources = ({ home, installation }: ControlPlane): Promise<http.Server> => {
  const { fetch, app, group } = uids(installation);
  const { fetchGit, readConfig } = buildHandlers({
    home,
    uids: { fetch, app },
    runner: () => assert.fail("A program was started."),
    withNetwork: undefined,
    logs: { append() {}, flush: () => Promise.resolve(), follow: () => {}, removeApp: () => Promise.resolve() },
    log: logOf("test"),
    layersInUse: () => Promise.resolve(new Set()),
  });
  const calls = { fetchGit: hostCalls.fetchGit, readConfig: hostCalls.readConfig };
  return serveCalls(calls, { fetchGit, readConfig }, { socketPath: home.hostSocket, group, log: logOf("test") });
};

const greedy = { path: "slip.toml", text: '[run]\nmemory = "1GB"\n' };
const page = { path: "index.html", text: "<h1>here</h1>" };

/** A repository whose slip.toml is greedy, behind git's own daemon. */
const serveRepository = async (): Promise<string> => {
  served = mkdtempSync(join(tmpdir(), "slip-served-"));
  const folder = join(served, "shop");
  mkdirSync(folder);
  for (const { path, text } of [greedy, page]) writeFileSync(join(folder, path), text);
  const git = (...words: string[]) => execOrThrow(["git", "-C", folder, "-c", "user.name=Test", "-c", "user.email=test@example.org", ...words]);
  for (const words of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "first"],
  ])
    await git(...words);
  const port = await freePort();
  const argv = ["daemon", "--reuseaddr", "--export-all", `--base-path=${served}`, "--listen=127.0.0.1", `--port=${port}`];
  daemon = spawn("git", argv, { stdio: "ignore", detached: true });
  const url = `git://127.0.0.1:${port}/shop`;
  const isThere = (): Promise<boolean> =>
    git("ls-remote", url).then(
      () => true,
      () => false,
    );
  for (let tries = 0; tries < 100 && !(await isThere()); tries += 1) await sleep(50);
  return url;
};

before(async () => {
  plane = await startControlPlane();
  host = await serveSources(plane);
  repository = await serveRepository();
});
after(async () => {
  process.kill(-(daemon.pid ?? 0), "SIGKILL");
  host.closeAllConnections();
  host.close();
  await plane.stop();
  rmSync(served, { recursive: true });
});

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const files = (...given: { path: string; text: string }[]): Source => ({ kind: "files", files: [page, ...given] });
const within = files({ path: "slip.toml", text: '[run]\nmemory = "512MB"\ninstances = 2\n' });
const many = { path: "slip.toml", text: "[run]\ninstances = 3\n" };
const limits = { memoryBytes: 512 * 2 ** 20, instances: 2 };

const agentWith = async (grant: Partial<Grant> = {}, token = newSecret()): Promise<Client> => {
  await plane.client.call("tokens.create", { name: randomUUID(), sha256: hashOf(token), grant: { verbs: ["read", "deploy"], limits, ...grant } });
  return plane.clientWith(token);
};
const told = async (asked: Promise<unknown>): Promise<SlipError> =>
  (await asked.then(
    () => assert.fail("It was done."),
    (error: unknown) => error,
  )) as SlipError;
const needed = async (asked: Promise<unknown>): Promise<string> => (await approvalNeeded(asked)).approval;
/** What a person's yes makes of it. */
const approved = async (agent: Client, approval: string) => {
  await plane.client.call("approvals.approve", { approval });
  const done = await agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
  assert.equal(done.state, "done", JSON.stringify(done));
  return done.output as { deployment: string; app: string };
};
const ended = async (client: Client, deployment: string) => (await client.call("deployments.wait", { deployment, timeoutMs: 40_000 })).failure;
/** Nothing is built here: what is not held back comes as far as that. */
const expectBuilt = async (client: Client, deployment: string): Promise<void> => {
  const failure = await ended(client, deployment);
  assert.deepEqual([failure?.phase, failure?.code], ["build", "not_found"], JSON.stringify(failure));
};

test("files whose slip.toml asks for more memory wait for a person, who is told why, and go on", async () => {
  const agent = await agentWith();
  const deploy = () => agent.call("deployments.create", { app: "greedy", source: files(greedy) });
  const approval = await needed(deploy());
  assert.partialDeepStrictEqual(await plane.client.call("approvals.get", { approval }), {
    operation: "deployments.create",
    app: "greedy",
    why: "An instance would have 1GB of memory; the grant allows 512MB.",
  });
  await assert.rejects(plane.client.call("apps.get", { app: "greedy" }), refused("not_found"), "nothing was made");
  assert.equal(await needed(deploy()), approval, "the same question is one approval");
  const { deployment } = await approved(agent, approval);
  assert.equal((await deploy()).deployment, deployment);
  await expectBuilt(agent, deployment);
});

test("an uploaded tree that asks for more instances waits for a person, and is not made when they say no", async () => {
  const agent = await agentWith();
  const { manifest, contents } = givenTree([page, many]);
  const { source } = await agent.call("sources.check", manifest);
  for (const [sha256, bytes] of contents) await agent.call("sources.upload", { sha256 }, { bytes });
  const tree = { kind: "tree", digest: source } as const;
  const error = await told(agent.call("deployments.create", { app: "many", source: tree }));
  assert.match(error.message, /There would be 3 instances; the grant allows 2/);
  await plane.client.call("approvals.deny", { approval: error.details.approval?.approval ?? "" });
  await assert.rejects(agent.call("deployments.create", { app: "many", source: tree }), refused("approval_denied"));
  await assert.rejects(plane.client.call("apps.get", { app: "many" }), refused("not_found"));
});

test("what is within the grant asks nobody: by slip.toml, by the call that stands over it, or without bounds", async () => {
  const agent = await agentWith();
  const made = await agent.call("deployments.create", { app: "modest", source: within });
  await expectBuilt(agent, made.deployment);
  await agent.call("deployments.create", { app: "modest", source: files(many), instances: 1 });
  await (await agentWith({ limits: { apps: 100 } })).call("deployments.create", { app: "unbounded", source: files(greedy) });
  await plane.client.call("deployments.create", { app: "owned", source: files(greedy) });
});

test("without slip.toml the usual amounts count, and the app that a person approves has a name that the grant covers", async () => {
  const agent = await agentWith({ namePrefix: "pr-", limits: { memoryBytes: 2 ** 20 } });
  const snippet = { kind: "snippet", code: "<h1>here</h1>" } as const;
  const { app, deployment } = await approved(agent, await needed(agent.call("deployments.create", { source: snippet })));
  assert.match(app, /^pr-/);
  await expectBuilt(agent, deployment);
});

test("a plan says that a person is asked, and is applied when they have said yes", async () => {
  const agent = await agentWith();
  const input = { app: "planned", source: files(greedy) };
  const plan = await agent.call("plans.create", { operation: "deployments.create", input });
  assert.partialDeepStrictEqual(plan.policy, { allowed: false, needsApproval: true, why: "An instance would have 1GB of memory; the grant allows 512MB." });
  const approval = await needed(agent.call("plans.apply", { plan: plan.plan }));
  assert.equal((await plane.client.call("approvals.get", { approval })).operation, "plans.apply");
  const { output } = (await approved(agent, approval)) as unknown as { output: { deployment: string } };
  await expectBuilt(agent, output.deployment);
  const modest = await agent.call("plans.create", { operation: "deployments.create", input: { app: "planned-two", source: within } });
  assert.equal(modest.policy.allowed, true);
});

test("a slip.toml that is wrong asks nobody: its deployment says what is wrong", async () => {
  const agent = await agentWith();
  const { deployment } = await agent.call("deployments.create", { app: "wrong", source: files({ path: "slip.toml", text: "[run]\nmemory = 1\n" }) });
  assert.equal((await ended(agent, deployment))?.code, "invalid_config");
});

test("who is bounded themselves does not approve it", async () => {
  const agent = await agentWith();
  const approval = await needed(agent.call("deployments.create", { app: "unapproved", source: files(greedy) }));
  const bounded = await agentWith({ verbs: ["read", "deploy", "administer"] });
  await assert.rejects(bounded.call("approvals.approve", { approval }), refused("forbidden"));
  await bounded.call("approvals.deny", { approval });
});

const git = (): Source => ({ kind: "git", url: repository });
/** What a deployment that has to wait for a person ends with. */
const neededBy = async (client: Client, deployment: string): Promise<string> => {
  const failure = await ended(client, deployment);
  assert.equal(failure?.code, "approval_needed", JSON.stringify(failure));
  return failure.approval?.approval ?? "";
};
const sourcesOf = async (...deployments: string[]) =>
  plane.database<{ source: string; commit: string }[]>`select distinct source, commit from deployments where id in ${plane.database(deployments)}`;

test("a git source is known once it is fetched: its deployment asks a person, and what was fetched is deployed when they say yes", async () => {
  const agent = await agentWith();
  const { deployment } = await agent.call("deployments.create", { app: "fetched", source: git() });
  const failure = await ended(agent, deployment);
  const approval = await neededBy(agent, deployment);
  assert.match(failure?.summary ?? "", /^An instance would have 1GB of memory; the grant allows 512MB\. A person can approve it: apv_/);
  assert.deepEqual([failure?.file, failure?.approval?.command], ["slip.toml", `slip approvals approve ${approval}`]);
  assert.deepEqual(failure && failureFor(failure).approval, failure?.approval, "agents are told of it as of any other");
  assert.match(failure?.nextActions.at(-1) ?? "", /\[run\] memory = "512MB" or less/);
  assert.partialDeepStrictEqual(await plane.client.call("approvals.get", { approval }), {
    operation: "deployments.create",
    app: "fetched",
    beyond: [{ kind: "memory", memoryBytes: 2 ** 30, allowedBytes: limits.memoryBytes }],
  });
  assert.equal(await neededBy(agent, (await agent.call("deployments.create", { app: "fetched", source: git() })).deployment), approval, "once for the same");
  const next = await approved(agent, approval);
  await expectBuilt(agent, next.deployment);
  const [fetched, ...others] = await sourcesOf(deployment, next.deployment);
  assert.deepEqual([others.length, fetched?.commit.length], [0, 40], "it is what was fetched");
});

test("who asks for the same git source again once it was approved has it deployed, once", async () => {
  const agent = await agentWith();
  const deploy = async () => (await agent.call("deployments.create", { app: "again", source: git() })).deployment;
  const first = await neededBy(agent, await deploy());
  await approved(agent, first);
  await expectBuilt(agent, await deploy());
  const second = await neededBy(agent, await deploy());
  assert.notEqual(second, first);
  await plane.client.call("approvals.deny", { approval: second });
  assert.equal((await ended(agent, await deploy()))?.code, "approval_denied");
});

test("a build that was approved of a git source lifts no memory: what was fetched asks for each", async () => {
  const agent = await agentWith({ budget: { builds: 0 } });
  const first = await approved(agent, await needed(agent.call("deployments.create", { app: "bounded", source: git() })));
  const approval = await neededBy(agent, first.deployment);
  await plane.client.call("approvals.approve", { approval });
  const { state, continuedBy = "" } = await agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
  assert.equal(state, "continued");
  assert.partialDeepStrictEqual((await plane.client.call("approvals.get", { approval: continuedBy })).beyond, [{ kind: "builds" }]);
  await expectBuilt(agent, (await approved(agent, continuedBy)).deployment);
  assert.equal((await plane.client.call("deployments.list", { app: "bounded" })).deployments.length, 2);
});

/** An app that an owner has given the memory and then less again: release 1 asks for more than the grant of an agent, release 2 does not. */
const ownersApp = async (): Promise<string> => {
  const app = `owners-${randomUUID().slice(0, 8)}`;
  await plane.client.call("apps.create", { app });
  for (const [number, memory] of [
    [1, 2 ** 30],
    [2, 2 ** 28],
    [3, 2 ** 28],
  ] as const) {
    await plane.database`
      insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
      select ${`rel_${app}${number}`}, id, ${number}, ${`sha256:${"a".repeat(64)}`}, ${JSON.stringify({ run: { memory } })}::text::jsonb, '{}', '{}', ${`dep_${app}${number}`}, now() from apps where name = ${app}`;
    await plane.database`
      insert into deployments (id, app_id, tenant, kind, state, request, release_id, release)
      select ${`dep_${app}${number}`}, id, tenant, 'deploy', 'live', '{}', ${`rel_${app}${number}`}, ${number} from apps where name = ${app}`;
  }
  await plane.database`update apps set live_deployment = ${`dep_${app}3`}, last_release = 3 where name = ${app}`;
  return app;
};

test("a rollback to a release that asks for more waits for a person, and one within the grant goes on", async () => {
  const [agent, app] = [await agentWith(), await ownersApp()];
  const plan = await agent.call("plans.create", { operation: "releases.rollback", input: { app, to: 1 } });
  assert.partialDeepStrictEqual(plan.policy, { allowed: false, needsApproval: true });
  const approval = await needed(agent.call("releases.rollback", { app, to: 1 }));
  const { beyond, input } = await plane.client.call("approvals.get", { approval });
  assert.deepEqual([beyond, input], [[{ kind: "memory", memoryBytes: 2 ** 30, allowedBytes: limits.memoryBytes }], { app, to: 1 }]);
  const done = await agent.call("releases.rollback", { app, to: 2 });
  assert.equal(done.app, app);
  await ended(agent, done.deployment);
});

test("an app that is restored has no more than the grant of who restores it", async () => {
  const [agent, app] = [await agentWith({ verbs: ["read", "deploy", "destroy"] }), await ownersApp()];
  await plane.database`
    update apps set destroyed_at = now(), live_deployment = null, live_before = ${`dep_${app}1`} where name = ${app}`;
  await needed(agent.call("apps.restore", { app }));
});
