// People sign in on the pages, through the edge: with a code, and where they are known already.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { Agent } from "undici";
import { newId } from "#platform/ids.ts";
import { newCode, OAuthAgent, signInOwner } from "./testing/agent.ts";
import { Browser, edgeAgent } from "./testing/browser.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { type Elsewhere, gitHubLike, identityProvider } from "./testing/identity-provider.ts";

let plane: ControlPlane;
let edge: Agent;
let origin = "";
let elsewhere: Elsewhere;

const visitor = (): Browser => new Browser(origin, edge);
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;

before(async () => {
  plane = await startControlPlane();
  edge = await edgeAgent(plane);
  origin = `https://slip.localhost:${plane.installation.httpsPort}`;
  elsewhere = await identityProvider(`${origin}/sign-in/with/somewhere/callback`);
});
after(async () => {
  await elsewhere.stop();
  await edge.close();
  await plane.stop();
});

const also = () => ({ also: [elsewhere.origin] });
const signInElsewhere = (browser: Browser, next = "/account") => browser.open(`/sign-in/with/somewhere?next=${encodeURIComponent(next)}`, also());
/** The secret of an invitation, as a person gets it. */
const invite = async (role: "owner" | "developer" | "viewer", expires = "1 day"): Promise<string> => {
  const secret = `inv_${randomBytes(16).toString("hex")}`;
  await plane.database`
    insert into invitations (id, tenant, sha256, role, invited_by, expires_at)
    values (${newId("inv")}, 'local', ${createHash("sha256").update(secret).digest()}, ${role}, 'owner', now() + ${expires}::interval)`;
  return secret;
};

test("a code signs its maker in, once, in the browser that typed it", async () => {
  const browser = visitor();
  const first = await browser.open("/account");
  assert.equal(new URL(first.address).pathname, "/sign-in");
  const { typed, sha256 } = newCode();
  const { url } = await plane.client.call("sessions.code", { sha256 });
  const page = await browser.submit(await browser.open(url), { code: `  ${typed.toUpperCase().replace(/(.{4})/g, "$1-")} ` });
  assert.equal(page.status, 200);
  assert.match(page.text, /You are signed in as <strong>owner<\/strong>/);
  const cookie = browser.cookies.get("__Host-slip-session") ?? "";
  for (const part of [/; Path=\//i, /; HttpOnly/i, /; Secure/i, /; SameSite=Lax/i]) assert.match(cookie, part);
  assert.doesNotMatch(cookie, /domain=/i);
  const other = visitor();
  assert.equal((await other.submit(await other.open(url), { code: typed })).status, 403, "a second time");
  assert.equal(new URL((await other.open("/account")).address).pathname, "/sign-in");
});

test("a browser that opens the platform's own address comes to the pages, and a program is told what there is", async () => {
  const page = await visitor().open("/", { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
  assert.equal(page.status, 200);
  assert.equal(new URL(page.address).pathname, "/sign-in");
  const told = await visitor().open("/", { headers: { accept: "*/*" } });
  assert.equal(told.status, 404);
  assert.match(JSON.parse(told.text).error.next, /openapi/);
});

test("the command line makes the code, and sends its hash alone", async () => {
  const main = join(import.meta.dirname, "../../../cli/src/main.ts");
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: plane.home.root, SLIP_HOME: plane.home.root };
  const { stdout } = await promisify(execFile)(process.execPath, [main, "sign-in", "--json"], { env, timeout: 60_000 });
  const { url, code } = JSON.parse(stdout) as { url: string; code: string };
  assert.match(code, /^([0-9a-z]{4}-){3}[0-9a-z]{4}$/);
  const browser = visitor();
  assert.match((await browser.submit(await browser.open(url), { code })).text, /You are signed in as/);
});

test("a wrong, old or replaced code signs nobody in", async () => {
  const browser = visitor();
  const [old, replaced, last] = [newCode(), newCode(), newCode()];
  await plane.client.call("sessions.code", { sha256: old.sha256 });
  await plane.database`update sign_in_codes set expires_at = now() - interval '1 second'`;
  const page = await browser.open("/sign-in");
  for (const code of [old.typed, "", "x", newCode().typed, old.sha256]) assert.equal((await browser.submit(page, { code })).status, 403, code);
  await plane.client.call("sessions.code", { sha256: replaced.sha256 });
  await plane.client.call("sessions.code", { sha256: last.sha256 });
  assert.equal((await browser.submit(page, { code: replaced.typed })).status, 403);
  assert.equal((await browser.submit(page, { code: last.typed })).status, 200);
});

test("forms of other pages, and pages in frames, are refused", async () => {
  const [victim, attacker] = [visitor(), visitor()];
  const { typed, sha256 } = newCode();
  await plane.client.call("sessions.code", { sha256 });
  const page = await attacker.open("/sign-in");
  assert.equal((await victim.submit(page, { code: typed })).status, 403, "another browser's form");
  const own = await victim.open("/sign-in");
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ] as Record<string, string>[])
    assert.equal((await victim.submit(own, { code: typed }, { headers })).status, 403, JSON.stringify(headers));
  assert.equal((await victim.ask("/sign-in", { form: { code: typed } })).status, 403, "no token");
  assert.equal((await victim.submit(own, { code: "x".repeat(70_000) })).status, 413, "too much");
  for (const [name, value] of [
    ["x-frame-options", /^DENY$/],
    ["content-security-policy", /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/],
    ["cache-control", /no-store/],
    ["referrer-policy", /same-origin/],
    ["x-content-type-options", /nosniff/],
  ] as const)
    assert.match(own.headers.get(name) ?? "", value);
  assert.equal((await victim.submit(own, { code: typed })).status, 200);
});

test("signing in leads to pages of here alone", async () => {
  for (const next of ["https://evil.example", "//evil.example", "/\\evil.example", "/oauth/consent/../../x", "javascript:alert(1)", "/v1/apps"]) {
    const browser = visitor();
    const { typed, sha256 } = newCode();
    await plane.client.call("sessions.code", { sha256 });
    const page = await browser.submit(await browser.open("/sign-in"), { code: typed, next });
    assert.equal(page.address, `${origin}/account`, next);
  }
});

test("a session ends when somebody signs out or in again, and its cookie is worth nothing then", async () => {
  const browser = visitor();
  browser.setCookie("__Host-slip-session", "chosen-by-another");
  await signInOwner(plane, browser);
  const first = browser.cookies.get("__Host-slip-session") ?? "";
  assert.doesNotMatch(first, /chosen-by-another/);
  await signInOwner(plane, browser);
  const second = browser.cookies.get("__Host-slip-session") ?? "";
  const cookieIn = (line: string): string => /=([^;]*)/.exec(line)?.[1] ?? "";
  assert.notEqual(cookieIn(first), cookieIn(second));
  const account = await browser.open("/account");
  assert.equal((await browser.submit({ ...account, text: account.text.replace(/[\s\S]*(?=<form)/, "") }, {})).status, 200);
  for (const line of [first, second]) {
    const thief = visitor();
    thief.setCookie("__Host-slip-session", cookieIn(line));
    assert.equal(new URL((await thief.open("/account")).address).pathname, "/sign-in");
  }
});

test("who was signed in by a token that somebody else may have seen is not signed in any more", async () => {
  const [first, second] = [`slip_${randomBytes(16).toString("hex")}`, `slip_${randomBytes(16).toString("hex")}`];
  const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
  await plane.client.call("members.invite", { role: "developer", sha256: hashOf("inv_robbed") });
  await plane.clientWith("inv_robbed").call("members.accept", { name: "robbed", sha256: hashOf(first) });
  const signedInBy = async (token: string): Promise<() => Promise<string>> => {
    const [browser, { typed, sha256 }] = [visitor(), newCode()];
    await plane.clientWith(token).call("sessions.code", { sha256 });
    assert.match((await browser.submit(await browser.open("/sign-in"), { code: typed })).text, /signed in as <strong>robbed/);
    return async () => new URL((await browser.open("/account")).address).pathname;
  };
  const byFirst = await signedInBy(first);
  const open = newCode();
  await plane.clientWith(first).call("sessions.code", { sha256: open.sha256 });
  await plane.clientWith(first).call("token.rotate", { sha256: hashOf(second), graceMs: 0 });
  assert.equal(await byFirst(), "/sign-in");
  const late = visitor();
  assert.equal((await late.submit(await late.open("/sign-in"), { code: open.typed })).status, 403, "nor by a code that it made");
  const bySecond = await signedInBy(second);
  await plane.clientWith(second).call("token.rotate", { sha256: hashOf(first.replace("slip", "next")), graceMs: 60_000 });
  assert.equal(await bySecond(), "/account", "one that is replaced in peace was seen by nobody");
  const robbed = (await plane.client.call("tokens.list", {})).tokens.filter(({ actor }) => actor === "robbed");
  for (const { token } of robbed) await plane.client.call("tokens.revoke", { token });
  assert.equal(await bySecond(), "/sign-in");
});

test("only a person's own token makes a code", async () => {
  const token = `slip_${randomBytes(16).toString("hex")}`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, 'local', 'robot', ${createHash("sha256").update(token).digest()}, ${["read"]})`;
  // Unknown tokens do not make control read the table again and again.
  await sleep(300);
  await assert.rejects(plane.clientWith(token).call("sessions.code", { sha256: "1".repeat(64) }), refused("forbidden"));
});

test("providers are added with sense, and their secret is seen nowhere", async () => {
  const add = (of: Record<string, unknown>) =>
    plane.client.call("providers.add", { name: "somewhere", issuer: elsewhere.origin, clientId: "slipstream", clientSecret: "s3cret", ...of });
  for (const issuer of ["http://example.org", "ftp://example.org", "https://example.org/?x=1", "https://user@example.org", "not an address", ""])
    await assert.rejects(add({ issuer }), refused("invalid_input"), issuer);
  assert.equal((await add({})).callback, `${origin}/sign-in/with/somewhere/callback`);
  await assert.rejects(add({}), refused("conflict"));
  await assert.rejects(add({ name: "again" }), refused("conflict"), "an issuer is there once");
  const everything = JSON.stringify([
    await plane.client.call("providers.list", {}),
    await plane.client.call("journal.list", {}),
    await plane.database`select * from providers`,
  ]);
  assert.doesNotMatch(everything, /s3cret/);
});

test("who is not known here needs an invitation, and is known from then on", async () => {
  const browser = visitor();
  const page = await signInElsewhere(browser);
  assert.match(page.text, /<strong>ada@example.org<\/strong> there, and nobody here yet/);
  for (const invitation of ["", "x", await invite("owner", "-1 second")]) assert.equal((await browser.submit(page, { invitation })).status, 403, invitation);
  assert.equal((await plane.database`select id from people where name = 'Ada'`).length, 0, "nobody was made");
  const secret = await invite("developer");
  assert.match((await browser.submit(page, { invitation: ` ${secret} ` })).text, /You are signed in as <strong>ada@example.org<\/strong>/);
  const again = visitor();
  assert.match((await signInElsewhere(again)).text, /You are signed in as <strong>ada@example.org<\/strong>/);
  elsewhere.person = { subject: "eve", email: "ada@example.org", isVerified: true, name: "Eve" };
  const eve = visitor();
  const stranger = await signInElsewhere(eve);
  assert.match(stranger.text, /nobody here yet/, "the same e-mail address is not the same person");
  assert.equal((await eve.submit(stranger, { invitation: secret })).status, 403, "an invitation is for one");
  elsewhere.person = { subject: "ada", email: "ada@example.org", isVerified: true, name: "Ada" };
});

test("an agent of a developer may do what a developer may", async () => {
  const [browser, agent] = [visitor(), new OAuthAgent(origin, edge)];
  await signInElsewhere(browser);
  await agent.register();
  const { access, answer } = await agent.connect(browser, { request: { scope: "read deploy destroy administer" } });
  assert.equal(answer.body.scope, "read deploy");
  assert.equal((await agent.get("/v1/apps", { authorization: `Bearer ${access}` })).status, 200);
  await plane.database`update members set role = 'viewer' where person = (select person from identities where subject = 'ada')`;
  const { access: later } = await agent.connect(browser, { choice: { verb: ["read"] } });
  await assert.rejects(plane.clientWith(access).call("apps.create", { app: "nothing" }), refused("forbidden"), "at once, for tokens of before too");
  const page = await browser.open(agent.request({ scope: "read deploy" }));
  assert.doesNotMatch(page.text, /value="deploy"/, "what the person may not is not offered");
  await plane.database`delete from members where person = (select person from identities where subject = 'ada')`;
  assert.equal((await browser.open(agent.request())).status, 403, "who is in no tenant lets nobody in");
  const owner = visitor();
  await signInOwner(plane, owner);
  // What is given out makes all changes of tokens known.
  await agent.connect(owner);
  assert.notEqual((await agent.get("/v1/apps", { authorization: `Bearer ${later}` })).status, 200);
});

test("an answer from elsewhere counts for the visit that asked, and only whole", async () => {
  const spoiled: Record<string, (query: URLSearchParams) => void> = {
    "another state": (query) => query.set("state", "x"),
    "no state": (query) => query.delete("state"),
    "another issuer": (query) => query.set("iss", "https://evil.example"),
    "another code": (query) => query.set("code", "x"),
    "no code": (query) => query.delete("code"),
    "a refusal": (query) => query.set("error", "access_denied"),
    "two codes": (query) => query.append("code", "x"),
  };
  for (const [why, spoil] of Object.entries(spoiled)) {
    elsewhere.spoil = (answer) => spoil(answer.searchParams);
    const browser = visitor();
    const page = await signInElsewhere(browser);
    assert.equal(page.status, 403, `${why}: ${page.text}`);
    assert.equal(browser.cookies.has("__Host-slip-session"), false, why);
  }
  elsewhere.spoil = undefined;
  const [victim, attacker] = [visitor(), visitor()];
  let stolen = "";
  elsewhere.spoil = (answer) => {
    stolen = answer.href;
    answer.pathname = "/nowhere";
  };
  await signInElsewhere(attacker);
  elsewhere.spoil = undefined;
  assert.equal((await victim.open(stolen)).status, 400, "an answer to another browser's question");
});

test("who is signed in adds another way to sign in, after being asked", async () => {
  elsewhere.person = { subject: "owner-there", email: "o@example.org", isVerified: false, name: "O" };
  const browser = visitor();
  await signInOwner(plane, browser);
  const page = await signInElsewhere(browser);
  assert.match(page.text, /You are signed in as <strong>owner<\/strong>/);
  assert.match(page.text, /You are <strong>O<\/strong> there/, "an address that nobody verified is not shown as theirs");
  const other = visitor();
  assert.equal((await other.submit(page, {})).status, 400, "another browser's form");
  await browser.submit(page, {});
  assert.match((await signInElsewhere(visitor())).text, /You are signed in as <strong>owner<\/strong>/);
});

test("GitHub signs people in by their number", async () => {
  const hub = await gitHubLike({ id: 583231, login: "octocat", name: null });
  try {
    await plane.client.call("providers.add", { name: "hub", kind: "github", issuer: `${hub.origin}/`, clientId: "slipstream", clientSecret: "s3cret" });
    const browser = visitor();
    const page = await browser.open("/sign-in/with/hub", { also: [hub.origin] });
    assert.match(page.text, /<strong>octocat<\/strong> there/);
    await browser.submit(page, { invitation: await invite("viewer") });
    const [identity] = await plane.database<{ issuer: string; subject: string }[]>`select issuer, subject from identities where subject = '583231'`;
    assert.equal(identity?.issuer, hub.origin);
    const [asked, sent] = hub.seen;
    assert.equal(
      asked?.get("code_challenge"),
      createHash("sha256")
        .update(sent?.get("code_verifier") ?? "")
        .digest("base64url"),
    );
  } finally {
    await hub.stop();
  }
});

test("a provider that cannot be reached, or is taken away, signs nobody in", async () => {
  await plane.client.call("providers.add", { name: "gone", issuer: "http://127.0.0.1:9", clientId: "x", clientSecret: "y" });
  assert.equal((await visitor().open("/sign-in/with/gone")).status, 502);
  await plane.client.call("providers.remove", { name: "gone" });
  assert.equal((await visitor().open("/sign-in/with/gone")).status, 404);
  await assert.rejects(plane.client.call("providers.remove", { name: "gone" }), refused("not_found"));
});
