// Kinds of wrong tokens × every operation × every door: none is accepted.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { newId } from "#platform/ids.ts";
import { insertGrant, insertToken } from "../control/access/token-store.ts";
import { addAsker, addTenant, newSecret } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { type Answered, doorsOf, type OpenDoor, type Way } from "./testing/doors.ts";

let plane: ControlPlane;
let doors: { doors: OpenDoor[]; close(): void };
let right = "";

interface Wrong {
  kind: string;
  headers: Record<string, string | string[]>;
  query?: string;
}
const wrongs: Wrong[] = [];

const stored = async (of: { expiresAt?: Date; revoked?: boolean; grantEnds?: string; grantRevoked?: boolean }): Promise<string> => {
  const token = newSecret();
  const { database } = plane;
  const sha256 = createHash("sha256").update(token).digest();
  const terms = { verbs: ["read" as const], ...(of.grantEnds === undefined ? {} : { expiresAt: of.grantEnds }) };
  const grantId = of.grantEnds === undefined && !of.grantRevoked ? null : await insertGrant(database, { tenant: "local", person: null, terms });
  const verbs = ["read", "deploy", "configure", "destroy", "administer"];
  const id = await insertToken(database, { tenant: "local", actor: "x", kind: "plain", person: null, sha256, verbs, grantId, expiresAt: of.expiresAt ?? null });
  if (of.revoked) await database`update tokens set revoked_at = now() where id = ${id}`;
  if (of.grantRevoked) await database`update grants set revoked_at = now() where id = ${grantId}`;
  return token;
};

/** A door of another kind of token (OAuth) adds its own here. */
const collect = async (): Promise<void> => {
  const bearer = (kind: string, token: string): void => void wrongs.push({ kind, headers: { authorization: `Bearer ${token}` } });
  const header = (kind: string, authorization: string | string[]): void => void wrongs.push({ kind, headers: { authorization } });
  wrongs.push({ kind: "none", headers: {} });
  header("an empty header", "");
  header("a scheme alone", "Bearer");
  header("an empty token", "Bearer ");
  bearer("a random one", `slip_${randomBytes(32).toString("base64url")}`);
  bearer("the first half of a right one", right.slice(0, Math.floor(right.length / 2)));
  bearer("a right one without its last character", right.slice(0, -1));
  bearer("a right one and a character more", `${right}A`);
  bearer("a right one in capitals", right.toUpperCase());
  bearer("a right one without its prefix", right.replace("slip_", ""));
  bearer("the prefix alone", "slip_");
  bearer("the hash of a right one", createHash("sha256").update(right).digest("hex"));
  bearer("the hash in base64", createHash("sha256").update(right).digest("base64"));
  bearer("a right one twice", `${right}${right}`);
  bearer("a right one, encoded", encodeURIComponent(right).replace("_", "%5F"));
  bearer("a right one in quotes", `"${right}"`);
  bearer("a right one with a comma", `${right},`);
  bearer("a right one with a zero behind it", `${right}%00`);
  bearer("two of them in one header", `${right} ${right}`);
  header("a list with a right one", `Bearer wrong, Bearer ${right}`);
  header("a right one without a scheme", right);
  header("a right one as a password", `Basic ${Buffer.from(`owner:${right}`).toString("base64")}`);
  header("a right one of another scheme", `Token ${right}`);
  header("a right one as DPoP", `DPoP ${right}`);
  header("a scheme with something before", `xBearer ${right}`);
  header("a tab between", `Bearer\t${right}`);
  header("letters that look like the scheme", `Bearer\u00a0${right}`);
  header("a right one with an umlaut", `Bearer ${right}\u00fc`);
  header("several headers, a right one first", [`Bearer ${right}`, "Bearer wrong"]);
  header("several headers, a right one last", ["Bearer wrong", `Bearer ${right}`]);
  header("the same right one in two headers", [`Bearer ${right}`, `Bearer ${right}`]);
  wrongs.push({ kind: "a right one as a cookie", headers: { cookie: `token=${right}; authorization=Bearer ${right}` } });
  wrongs.push({
    kind: "a right one in X-Forwarded-Authorization",
    headers: { "x-forwarded-authorization": `Bearer ${right}`, "x-authorization": `Bearer ${right}` },
  });
  wrongs.push({ kind: "a right one for a proxy", headers: { "proxy-authorization": `Bearer ${right}` } });
  wrongs.push({ kind: "a right one in the query", headers: {}, query: `access_token=${encodeURIComponent(right)}&token=${encodeURIComponent(right)}` });
  bearer("JSON", '{"token":true}');
  bearer("text of SQL", "'or'1'='1");
  bearer("a very long one", "a".repeat(8_000));
  bearer("an unsigned JWT", `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"sub":"owner"}').toString("base64url")}.`);
  bearer("an expired one", await stored({ expiresAt: new Date(Date.now() - 1_000) }));
  bearer("a revoked one", await stored({ revoked: true }));
  bearer("one whose grant has ended", await stored({ grantEnds: "2020-01-01T00:00:00Z" }));
  bearer("one whose grant was revoked", await stored({ grantRevoked: true }));
  bearer("an id of a token", newId("tok"));
};

before(async () => {
  plane = await startControlPlane();
  doors = doorsOf(plane);
  right = readFileSync(plane.home.token, "utf8").trim();
  await collect();
});
after(async () => {
  doors.close();
  await plane.stop();
});

/** Input that would do for who is refused before it is read: an address needs its parts, and a tool its source. */
const inputFor = ({ does }: Way): Record<string, unknown> => {
  const name = does.at(-1);
  if (name === undefined) return {};
  const { path }: Operation = operations[name];
  const parts = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, part = ""]) => [part, "x"]));
  return { source: { kind: "tree", digest: "x" }, ...parts };
};

const askWith = (door: OpenDoor, way: Way, { headers, query }: Omit<Wrong, "kind">): Promise<Answered> =>
  door.ask({ way, input: inputFor(way), headers, query });

/** What a refused caller is told of where to get a token: MCP's authorization asks for it at its door, and the others say it too. */
const challengeAt = ({ resource }: OpenDoor, headers: Wrong["headers"]): string => {
  const wrong = "authorization" in headers ? 'error="invalid_token", ' : "";
  const { httpsPort } = plane.installation;
  return `Bearer ${wrong}resource_metadata="https://slip.localhost:${httpsPort}/.well-known/oauth-protected-resource${resource}", scope="read deploy"`;
};

test("no wrong token is accepted by any operation, at any door", async () => {
  const accepted: string[] = [];
  let questions = 0;
  for (const door of doors.doors)
    for (const { kind, headers, query } of wrongs)
      await Promise.all(
        [...door.ways, ...door.besides].map(async (way) => {
          const { status, code, challenge } = await askWith(door, way, { headers, ...(query === undefined ? {} : { query }) });
          questions += 1;
          if (code !== "unauthorized" || status !== 401 || challenge !== challengeAt(door, headers))
            accepted.push(`${door.name} ${way.name} with ${kind}: ${status} ${code} ${challenge}`);
        }),
      );
  assert.ok(wrongs.length >= 40, `${wrongs.length} kinds`);
  assert.ok(questions > 7_000, `${questions} questions`);
  assert.deepEqual(accepted.slice(0, 20), []);
});

test("a right token is accepted, in any writing of the scheme; another tenant's is that tenant's", async () => {
  const [door] = doors.doors;
  const way = door?.ways.find(({ name }) => name === "access.whoami");
  assert.ok(door && way);
  await addTenant(plane, "other");
  const other = await addAsker(plane, { name: "other-owner", tenant: "other", role: "owner" });
  await plane.client.call("projects.create", { project: "refreshes" });
  const ask = (authorization: string): Promise<Answered> => askWith(door, way, { headers: { authorization } });
  for (const scheme of ["Bearer", "bearer", "BEARER"]) assert.equal((await ask(`${scheme} ${right}`)).status, 200);
  await plane.kill("control");
  const { text } = await ask(`Bearer ${other.token}`);
  assert.equal((JSON.parse(text) as { tenant: string }).tenant, "other");
});
