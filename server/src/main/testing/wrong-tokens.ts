// Every kind of token that is none, as an Authorization header: no door lets any of them in.
import { createHash, createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Agent } from "undici";
import { newCode, OAuthAgent, signInOwner } from "./agent.ts";
import { Browser } from "./browser.ts";
import type { ControlPlane } from "./control-plane.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

type Signer = (text: string) => string;
const jwt = (header: Record<string, unknown>, claims: Record<string, unknown>, signer: Signer): string => {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signer(text)}`;
};
const es256 =
  (key: KeyObject): Signer =>
  (text) =>
    sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");

interface Keys {
  /** The published key of the installation, and a private one that is not. */
  published: Record<string, unknown>;
  own: KeyObject;
}

/** Tokens that somebody made themselves. */
const forged = (origin: string, { published, own }: Keys, subject: string): Record<string, string> => {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: origin,
    sub: subject,
    aud: `${origin}/mcp`,
    client_id: "x",
    scope: "read deploy configure destroy",
    iat: now,
    exp: now + 3_600,
    jti: "x",
  };
  const header = { alg: "ES256", typ: "at+jwt", kid: published.kid };
  const pem = createPublicKey({ key: published as never, format: "jwk" }).export({ type: "spki", format: "pem" });
  const withHmac: Signer = (text) => createHmac("sha256", pem).update(text).digest("base64url");
  return {
    "a forged JWT": jwt(header, claims, es256(own)),
    "a forged JWT that brings its key": jwt({ ...header, jwk: createPublicKey(own).export({ format: "jwk" }) }, claims, es256(own)),
    "a JWT without a signature": jwt({ alg: "none", typ: "at+jwt" }, claims, () => ""),
    "a JWT signed with the public key as a secret": jwt({ ...header, alg: "HS256" }, claims, withHmac),
    "a JWT of another issuer": jwt(header, { ...claims, iss: "https://elsewhere.example" }, es256(own)),
    "a JWT for another audience": jwt(header, { ...claims, aud: "https://elsewhere.example/mcp" }, es256(own)),
    "a JWT that expired": jwt(header, { ...claims, exp: now - 3_600 }, es256(own)),
    "a JWT of another type": jwt({ ...header, typ: "JWT" }, claims, es256(own)),
  };
};

/** What is a secret of something else, or was a token once. */
const mistaken = async (plane: ControlPlane, agent: OAuthAgent, browser: Browser): Promise<Record<string, string>> => {
  const scope = { request: { scope: "openid read deploy" } };
  const secretive = new OAuthAgent(agent.origin, agent.edge);
  const registered = await secretive.register({ token_endpoint_auth_method: "client_secret_post" });
  const ended = await agent.connect(browser);
  const code = (await agent.authorize(browser, scope)).get("code") ?? "";
  const replayed = String((await agent.exchange(code)).body.access_token);
  await agent.exchange(code);
  await plane.database`update grants set revoked_at = now() where id = (select grant_id from tokens where sha256 = ${sha256(ended.access)})`;
  const revoked = await agent.connect(browser);
  await agent.post("/oauth/revoke", new URLSearchParams({ token: revoked.access, client_id: agent.clientId }));
  const expired = await agent.connect(browser);
  await plane.database`update tokens set expires_at = now() - interval '1 second' where sha256 = ${sha256(expired.access)}`;
  const typed = newCode();
  await plane.client.call("sessions.code", { sha256: typed.sha256 });
  const unused = (await agent.authorize(browser, scope)).get("code") ?? "";
  const live = await agent.connect(browser, scope);
  return {
    "the token of a connection that ended": ended.access,
    "the token of a code that was used twice": replayed,
    "a token that was revoked": revoked.access,
    "a token that expired": expired.access,
    "a refresh token": live.refresh,
    "an id token": String(live.answer.body.id_token),
    "an authorization code": unused,
    "the secret of a client": String(registered.body.client_secret),
    "the id of a client": agent.clientId,
    "the cookie of a session": /__Host-slip-session=([^;]*)/.exec(browser.cookies.get("__Host-slip-session") ?? "")?.[1] ?? "",
    "a code of 'slip sign-in'": typed.typed,
    "the hash of a token": sha256(live.access).toString("hex"),
    "a token cut off": live.access.slice(0, -1),
    "a token with another end": `${live.access.slice(0, -1)}${live.access.endsWith("A") ? "B" : "A"}`,
    "a token in other letters": live.access === live.access.toUpperCase() ? live.access.toLowerCase() : live.access.toUpperCase(),
    "two tokens": `${live.access},${live.access}`,
    "nothing but chance": randomBytes(32).toString("base64url"),
    "the key of proofs": readFileSync(`${plane.home.control}/proof.key`).toString("hex"),
  };
};

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The owner's good token in headers that are none. */
const misplaced = (token: string): Record<string, string | undefined> => ({
  "no header": undefined,
  "an empty header": "",
  "no token": "Bearer ",
  "the scheme Basic": `Basic ${Buffer.from(`owner:${token}`).toString("base64")}`,
  "the scheme DPoP": `DPoP ${token}`,
  "a token without a scheme": token,
});

/** Kinds by name, each with the value of Authorization; undefined = no such header. Waits until the installation knows what ended. */
export const wrongTokens = async (plane: ControlPlane, origin: string, edge: Agent): Promise<Map<string, string | undefined>> => {
  const [browser, agent] = [new Browser(origin, edge), new OAuthAgent(origin, edge)];
  await signInOwner(plane, browser);
  await agent.register();
  const { body } = await agent.get("/oauth/keys");
  const [published = {}] = body.keys as Record<string, unknown>[];
  const [person] = await plane.database<{ person: string }[]>`select person from members limit 1`;
  const bearers = {
    ...forged(origin, { published, own: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }, person?.person ?? ""),
    ...(await mistaken(plane, agent, browser)),
  };
  const headers = Object.entries(bearers).map(([name, token]): [string, string] => [name, `Bearer ${token}`]);
  return new Map<string, string | undefined>([...headers, ...Object.entries(misplaced(readFileSync(plane.home.token, "utf8").trim()))]);
};
