// A person decides on a page what a token has asked beyond its grant, through the edge.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Role } from "@slipstream/contract/access.ts";
import { verbsOf } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { Agent } from "undici";
import { insertPerson, setMember } from "../control/access/people-store.ts";
import { insertGrant, insertToken } from "../control/access/token-store.ts";
import { openSession } from "../control/sign-in/session-store.ts";
import { addTenant, approvalNeeded, hashOf, newSecret } from "./testing/access-world.ts";
import { newCode, signInOwner } from "./testing/agent.ts";
import { Browser, edgeAgent, fieldsOf, type Page } from "./testing/browser.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
let edge: Agent;
let origin = "";
let agent: Client;

const visitor = (): Browser => new Browser(origin, edge);
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;

const ended = (client: Client, approval: string) => client.call("approvals.wait", { approval, timeoutMs: 20_000 });
const stateOf = async (approval: string) => (await plane.client.call("approvals.get", { approval })).state;
const owner = async (): Promise<Browser> => {
  const browser = visitor();
  await signInOwner(plane, browser);
  return browser;
};
/** Somebody of a tenant, who is signed in. */
const member = async (of: { tenant: string; role: Role; name: string }): Promise<{ browser: Browser; person: string }> => {
  const { id: person } = await insertPerson(plane.database, { name: of.name });
  await setMember(plane.database, { ...of, person });
  const browser = visitor();
  browser.setCookie("__Host-slip-session", await openSession(plane.database, person, undefined));
  return { browser, person };
};
/** A token with a grant to read, which somebody gave it who may do more. */
const agentOf = async (of: { tenant: string; person: string; verbs: readonly string[] }): Promise<Client> => {
  const token = newSecret();
  const { tenant, person, verbs } = of;
  const grantId = await insertGrant(plane.database, { tenant, person, terms: { verbs: ["read"] } });
  const sha256 = createHash("sha256").update(token).digest();
  await insertToken(plane.database, { tenant, actor: "agent", kind: "plain", name: "agent", person, sha256, verbs, grantId });
  // What is given out makes all changes of tokens known.
  await plane.client.call("tokens.create", { name: `other-${randomUUID()}`, sha256: hashOf(newSecret()), grant: { verbs: [] } });
  return plane.clientWith(token);
};

before(async () => {
  plane = await startControlPlane();
  edge = await edgeAgent(plane);
  origin = `https://slip.localhost:${plane.installation.httpsPort}`;
  const token = newSecret();
  await plane.client.call("tokens.create", { name: "agent", sha256: hashOf(token), grant: { verbs: ["read"] } });
  agent = plane.clientWith(token);
});
after(async () => {
  await edge.close();
  await plane.stop();
});

test("who opens the address is led to sign in, back to the page, and what they approve goes on", async () => {
  const { approval, url, next } = await approvalNeeded(agent.call("apps.create", { app: "wished" }));
  assert.equal(url, `${origin}/approvals/${approval}`);
  assert.ok(next.includes(url), next);
  const waiting = ended(agent, approval);
  const browser = visitor();
  const first = await browser.open(url);
  assert.equal(new URL(first.address).pathname, "/sign-in");
  const { typed, sha256 } = newCode();
  await plane.client.call("sessions.code", { sha256 });
  const page = await browser.submit(first, { code: typed });
  assert.deepEqual([page.address, page.status], [url, 200]);
  for (const part of ["apps.create", "wished", "agent for owner", "The token may not deploy.", "It waits for a person."])
    assert.ok(page.text.includes(part), part);
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/);
  assert.equal(page.headers.get("x-frame-options"), "DENY");
  const after = await browser.submit(page, { decision: "approve" });
  assert.deepEqual([after.address, after.status], [url, 200]);
  assert.match(after.text, /owner has approved it/);
  assert.doesNotMatch(after.text, /<form/, "what is decided is not asked again");
  assert.partialDeepStrictEqual(await waiting, { state: "done", decidedBy: "owner", output: { app: "wished" } });
  assert.equal((await agent.call("apps.create", { app: "wished" })).app, "wished");
  assert.match((await browser.open(url)).text, /owner has approved it, and it was done/);
  assert.equal((await browser.submit(page, { decision: "deny" })).status, 409, "it was decided already");
});

test("the list has what waits, and what is denied is not done", async () => {
  const { approval, url } = await approvalNeeded(agent.call("apps.create", { app: "unwished" }));
  const browser = visitor();
  assert.equal(new URL((await browser.open("/approvals")).address).searchParams.get("next"), "/approvals");
  await signInOwner(plane, browser);
  assert.match((await browser.open("/account")).text, /href="\/approvals"/);
  const list = await browser.open("/approvals");
  assert.ok(list.text.includes(`href="/approvals/${approval}"`), list.text);
  const page = await browser.open(url);
  assert.equal((await browser.submit(page, { decision: "perhaps" })).status, 400);
  assert.match((await browser.submit(page, { decision: "deny" })).text, /owner has denied it/);
  await assert.rejects(agent.call("apps.create", { app: "unwished" }), refused("approval_denied"));
  await assert.rejects(plane.client.call("apps.get", { app: "unwished" }), refused("not_found"));
  assert.doesNotMatch((await browser.open("/approvals")).text, new RegExp(approval));
});

test("what was approved and needs another approval leads there, where it stands what was approved before", async () => {
  const token = newSecret();
  const grant = { verbs: ["read" as const], limits: { memoryBytes: 2 ** 20 } };
  await plane.client.call("tokens.create", { name: "small", sha256: hashOf(token), grant });
  const small = plane.clientWith(token);
  const source = { kind: "snippet", code: "<h1>here</h1>" } as const;
  const { approval, url } = await approvalNeeded(small.call("deployments.create", { app: "twice", source }));
  const browser = await owner();
  await browser.submit(await browser.open(url), { decision: "approve" });
  const { continuedBy = "" } = await ended(small, approval);
  const first = await browser.open(url);
  assert.ok(first.text.includes(`href="/approvals/${continuedBy}"`), first.text);
  assert.doesNotMatch(first.text, /<form/);
  const next = await browser.open(`/approvals/${continuedBy}`);
  assert.match(next.text, /An instance would have 512MB of memory; the grant allows 1MB\..*The token may not deploy\. \(owner\)/s);
  assert.match((await browser.submit(next, { decision: "deny" })).text, /owner has denied it/);
});

test("what an agent wrote is text on the page, and secrets are not on it", async () => {
  await plane.client.call("apps.create", { app: "shown" });
  const script = `<script>alert("1")</script>`;
  const { url } = await approvalNeeded(agent.call("env.set", { app: "shown", values: { GREETING: `${script}\u202e&`, LIST: "a\nb" } }));
  const browser = await owner();
  const page = await browser.open(url);
  assert.doesNotMatch(page.text, /<script/i);
  assert.ok(page.text.includes("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\\u{202e}&amp;"), page.text);
  const { url: secret } = await approvalNeeded(agent.call("secrets.set", { app: "shown", values: { API_KEY: "precious-value" } }));
  const hidden = await browser.open(secret);
  assert.match(hidden.text, /API_KEY/);
  const git = { kind: "git", url: "https://bot:precious-token@git.example.org/a.git" } as const;
  const { url: fetched, approval } = await approvalNeeded(agent.call("deployments.create", { app: "shown", source: git }));
  const address = await browser.open(fetched);
  assert.match(address.text, /git\.example\.org/);
  const shown = [hidden.text, address.text, JSON.stringify(await agent.call("approvals.get", { approval }))].join();
  assert.doesNotMatch(shown, /precious/);
});

test("of a plan, the page has what it changes", async () => {
  await plane.client.call("apps.create", { app: "planned" });
  const { plan } = await plane.client.call("plans.create", { operation: "env.set", input: { app: "planned", values: { COLOUR: "<blue>" } } });
  const { url } = await approvalNeeded(agent.call("plans.apply", { plan }));
  assert.match((await (await owner()).open(url)).text, /env COLOUR<\/td><td>–<\/td><td>&lt;blue&gt;/);
});

test("of a plan, the page has what it does as whole as of what is asked without one", async () => {
  await plane.client.call("apps.create", { app: "whole" });
  const values = { NODE_OPTIONS: `${"--no-warnings ".repeat(30)}--import=/tail.mjs` };
  const { plan } = await agent.call("plans.create", { operation: "env.set", input: { app: "whole", values } });
  const { url } = await approvalNeeded(agent.call("plans.apply", { plan }));
  const { text } = await (await owner()).open(url);
  assert.ok(text.includes(values.NODE_OPTIONS), text);
  const secret = await agent.call("plans.create", { operation: "secrets.set", input: { app: "whole", values: { API_KEY: "precious-value" } } });
  const { approval } = await approvalNeeded(agent.call("plans.apply", { plan: secret.plan }));
  const shown = JSON.stringify(await plane.client.call("approvals.get", { approval }));
  assert.match(shown, /API_KEY/);
  assert.doesNotMatch(shown, /precious/);
});

test("a form that no page of this visit made decides nothing", async () => {
  const { approval, url } = await approvalNeeded(agent.call("apps.create", { app: "forged" }));
  const [browser, other] = [await owner(), await owner()];
  const page = await browser.open(url);
  const statuses = async (asked: readonly Promise<Page>[]) => (await Promise.all(asked)).map(({ status }) => status);
  const form = { decision: "approve" };
  assert.deepEqual(
    await statuses([
      browser.ask(url, { form }),
      browser.ask(url, { form: { ...form, form: "x" } }),
      other.submit(page, form),
      visitor().submit(page, form),
      browser.submit(page, form, { headers: { origin: "https://evil.example" } }),
      browser.submit(page, form, { headers: { "sec-fetch-site": "cross-site" } }),
    ]),
    [403, 403, 403, 403, 403, 403],
  );
  assert.equal((await browser.submit(page, { decision: "x".repeat(70_000) })).status, 413);
  assert.equal(await stateOf(approval), "pending");
  assert.equal((await browser.submit(page, form)).status, 200);
});

test("a viewer approves nothing: another's is not there for them, their own token's is beyond their role", async () => {
  const { approval, url } = await approvalNeeded(agent.call("apps.create", { app: "viewed" }));
  const { browser, person } = await member({ tenant: "local", role: "developer", name: "vera" });
  const own = await approvalNeeded((await agentOf({ tenant: "local", person, verbs: verbsOf("owner") })).call("apps.create", { app: "viewed-two" }));
  await setMember(plane.database, { tenant: "local", person, role: "viewer" });
  assert.equal((await browser.open(url)).status, 404);
  const list = await browser.open("/approvals");
  assert.deepEqual([list.text.includes(approval), list.text.includes(own.approval)], [false, true]);
  const page = await browser.open(own.url);
  const answer = await browser.submit(page, { decision: "approve" });
  assert.equal(answer.status, 403, answer.text);
  assert.match(answer.text, /Only who may do this themselves can approve it/);
  assert.equal((await browser.ask(url, { form: { ...fieldsOf(page.text), decision: "approve" } })).status, 404);
  assert.deepEqual([await stateOf(approval), await stateOf(own.approval)], ["pending", "pending"]);
});

test("another tenant's approval is not there, neither to see nor to decide; who is in both finds each", async () => {
  await addTenant(plane, "elsewhere");
  const { approval, url } = await approvalNeeded(agent.call("apps.create", { app: "mine" }));
  const { browser, person } = await member({ tenant: "elsewhere", role: "owner", name: "olaf" });
  const theirs = await approvalNeeded((await agentOf({ tenant: "elsewhere", person, verbs: verbsOf("owner") })).call("apps.create", { app: "theirs" }));
  const page = await browser.open(theirs.url);
  assert.equal(page.status, 200);
  assert.equal((await browser.open(url)).status, 404);
  assert.equal((await browser.ask(url, { form: { ...fieldsOf(page.text), decision: "approve" } })).status, 404);
  for (const id of ["apv_none", "x", "..%2faccount"]) assert.equal((await browser.open(`/approvals/${id}`)).status, 404, id);
  assert.equal((await (await owner()).open(theirs.url)).status, 404);
  assert.equal(await stateOf(approval), "pending");
  await setMember(plane.database, { tenant: "local", person, role: "owner" });
  const both = (await browser.open("/approvals")).text;
  assert.deepEqual([both.includes(approval), both.includes(theirs.approval)], [true, true]);
  assert.match((await browser.submit(await browser.open(url), { decision: "deny" })).text, /olaf has denied it/);
  await plane.database`delete from members where person = ${person}`;
  assert.equal((await browser.open("/approvals")).status, 403, "who is in no tenant sees nothing");
  assert.equal((await browser.open(theirs.url)).status, 403);
});
