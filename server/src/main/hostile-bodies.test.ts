// Whatever is sent to an operation, by REST or GraphQL, is answered in time with a code of the catalogue: no defect, no stack trace.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrorCode } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { AppName } from "@slipstream/contract/words.ts";
import fc from "fast-check";
import { type GraphQLField, getNamedType, isLeafType, isObjectType, isRequiredArgument } from "graphql";
import { z } from "zod";
import { newId } from "#platform/ids.ts";
import { type FieldNote, graphqlSchema } from "../control/api/graphql/schema.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

/** Put a seed that failed in its place to see it fail again. */
const seed = Math.floor(Math.random() * 2 ** 31);
const numRuns = 10;
const answerMs = 15_000;

/** Values that fit one schema or the other, and things that break programs. */
interface Values {
  fitting: readonly unknown[];
  nasty: readonly unknown[];
}

const nastyValues: readonly unknown[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "../../etc/passwd",
  "..%2f..",
  "%00",
  "%",
  "__proto__",
  "constructor",
  "'; drop table apps; --",
  "{{7*7}}",
  "\u202e",
  "1e309",
  "NaN",
  "9".repeat(400),
  "x".repeat(70_000),
  "\r\nset-cookie: a=b",
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  null,
  true,
  [],
  {},
  [[[[[[[[[[]]]]]]]]]],
  { toString: 1, valueOf: null, length: -1 },
  JSON.parse('{"__proto__": {"admin": true}, "constructor": {"prototype": {}}}'),
];

const fits = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

const fieldValue = (schema: z.ZodType, { fitting, nasty }: Values): fc.Arbitrary<unknown> => {
  const good = fitting.filter((value) => fits(schema, value));
  return fc.oneof(
    ...(good.length > 0 ? [{ weight: 6, arbitrary: fc.constantFrom(...good) }] : []),
    { weight: 2, arbitrary: fc.constantFrom(...nasty) },
    { weight: 1, arbitrary: fc.constantFrom(...fitting) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  );
};

/** To purge waits for the host process when the app is there, and this control plane has none. */
const withoutPurge = ({ purge, ...input }: Record<string, unknown>): Record<string, unknown> =>
  purge === undefined || JSON.stringify(purge).includes("true") ? input : { ...input, purge };

/** An input of the operation's fields, some of which are left out, and perhaps one that it does not have. */
const hostileInput = ({ name, input }: Operation, values: Values): fc.Arbitrary<Record<string, unknown>> => {
  const fields = Object.entries(input.shape as Record<string, z.ZodType>).map(([name, schema]) => [name, fieldValue(schema, values)]);
  const own = fc.record(Object.fromEntries(fields), { requiredKeys: [] }) as fc.Arbitrary<Record<string, unknown>>;
  const more = fc.dictionary(fc.constantFrom("__proto__", "extra", "limit", "constructor", "0"), fc.constantFrom(...values.nasty), { maxKeys: 1 });
  return fc.tuple(own, fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more })).map(([one, other]) => {
    const all = { ...one, ...other };
    return name === "apps.destroy" ? withoutPurge(all) : all;
  });
};

/** A text with a part of it gone, doubled or in another's place. */
const mutated = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.nat(), fc.nat(12), fc.constantFrom("", "{", "}", '"', "\\", "\u0000", "[[[[", "...", "$", "@", "#", "1e9", "\ud83d", "null", ":"))
    .map(([of, at, length, put]) => {
      const start = of.length === 0 ? 0 : at % of.length;
      return of.slice(0, start) + put + of.slice(start + length);
    });

let plane: ControlPlane;
let token = "";
/** Of a tenant who has nothing, and gets nothing. */
let strangerToken = "";
/** Of one who may lose it. */
let changingToken = "";
/** Of one who may lose the apps. */
let endingToken = "";
let values: Values;
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

/** Who may do everything, but for what concerns the whole installation. */
const addTenant = async (tenant: string): Promise<string> => {
  const [secret, project] = [`slip_${randomUUID()}`, newId("prj")];
  await plane.database`insert into tenants (tenant) values (${tenant})`;
  await plane.database`insert into projects (id, tenant, name) values (${project}, ${tenant}, 'default')`;
  await plane.database`insert into environments (id, project_id, name) values (${newId("env")}, ${project}, 'production')`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs)
    values (${newId("tok")}, ${tenant}, 'stranger', ${createHash("sha256").update(secret).digest()}, ${["read", "deploy", "configure", "destroy", "administer"]})`;
  return secret;
};

before(async () => {
  plane = await startControlPlane();
  [token, strangerToken, changingToken, endingToken] = (await Promise.all(["hostile", "stranger", "changing", "ending"].map(addTenant))) as [
    string,
    string,
    string,
    string,
  ];
  const client = plane.clientWith(token);
  const content = Buffer.from("a file");
  const sha256 = createHash("sha256").update(content).digest("hex");
  const entry = { type: "file" as const, path: "index.html", sha256, size: content.length, executable: false };
  const digest = sourceDigest({ entries: [entry] });
  await client.call("apps.create", { app: "target" });
  await client.call("sources.check", { entries: [entry] });
  const { entries } = await client.call("journal.list", {});
  const settings = [{ NAME: "value" }, ["NAME"], [entry], { kind: "tree", digest }, { kind: "tree", digest: `sha256:${"0".repeat(64)}` }];
  const fitting = ["target", "nobody", sha256, digest, "target.example.org", "NAME", "value", 1, 2, 50, true, false, "true", "1", "gvisor", "runtime"];
  const ids = ["dep", "ins", "jrn", "pln", "apv", "whk", "dlv", "per", "inv", "tok", "grt"].map((prefix) => newId(prefix));
  values = {
    fitting: [...fitting, ...settings, ...ids, ...entries.map(({ id }) => id), new Date().toISOString(), "https://example.org/hook"],
    nasty: nastyValues,
  };
  const names = fitting.filter((value) => value !== "target" && AppName.safeParse(value).success).map(String);
  for (const app of names) await plane.clientWith(endingToken).call("apps.create", { app });
});
after(async () => {
  agent.destroy();
  await plane.stop();
});

interface Answer {
  status: number;
  text: string;
  headers: http.IncomingHttpHeaders;
}
interface Sent {
  method: string;
  path: string;
  body?: string | Buffer;
  type?: string;
  /** Where the edge would say that the request came from. */
  from?: string;
}

/** The answer, or its beginning where it never ends: what an operation says line by line. */
const send = ({ method, path, body, type = "application/json", from }: Sent, bearer: string, endless = false): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${bearer}`,
      "content-type": type,
      ...(from ? { "x-forwarded-for": from } : {}),
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    };
    const request = http.request({ socketPath: plane.home.controlSocket, agent, method, path, headers, timeout: answerMs }, (answer) => {
      const chunks: Buffer[] = [];
      const tell = (): void => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() });
      answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", tell);
      answer.on("error", reject);
      if (!endless || answer.statusCode !== 200) return;
      tell();
      answer.destroy();
    });
    request.on("timeout", () => request.destroy(new Error(`No answer within ${answerMs} ms.`)));
    request.on("error", reject);
    request.end(body);
  });

const askerOf = ({ name }: Operation): string => {
  if (name === "token.rotate") return changingToken;
  return name === "apps.destroy" ? endingToken : token;
};
/** An operation that has ended the test's own token would let all that follows be refused. */
const requireToken = async (): Promise<void> => assert.equal((await send({ method: "GET", path: "/v1/apps/target" }, token)).status, 200);

const trace = /\n\s+at |node_modules|\.ts:\d+|PostgresError|TypeError|RangeError|SyntaxError:/;

/** What no operation may answer, and what only one may that asks the host process, which this control plane has none of. */
const requireSound = ({ status, text }: Answer, code: unknown): void => {
  assert.doesNotMatch(text, trace);
  if (code !== undefined) assert.ok(isErrorCode(code), text.slice(0, 500));
  assert.notEqual(code, "internal");
  assert.ok(status < 500 || code === "unreachable", `${status} ${text.slice(0, 500)}`);
};
const codeIn = (text: string): unknown => (JSON.parse(text) as { error?: { code?: unknown } }).error?.code;

const check = async <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, first: T[] = []): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, property), {
    examples: first.map((value): [T] => [value]),
    seed,
    numRuns,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: false,
  });

const requestOf = ({ method, path, body }: Operation, input: Record<string, unknown>, text: (json: string) => string = (json) => json): Sent => {
  const filled = path.replace(/\{(\w+)\}/g, (_, key: string) => {
    const { [key]: value = "target" } = input;
    return encodeURIComponent((typeof value === "string" ? value : JSON.stringify(value)).toWellFormed().slice(0, 2_000));
  });
  if (body === "bytes") return { method, path: filled, body: Buffer.from(JSON.stringify(input)), type: "application/octet-stream" };
  if (method !== "GET" && method !== "DELETE") return { method, path: filled, body: text(JSON.stringify(input)) };
  const query = new URLSearchParams(
    Object.entries(input).map(([key, value]) => [key, String(typeof value === "string" ? value : JSON.stringify(value)).slice(0, 2_000)]),
  );
  return { method, path: `${filled}?${query}` };
};

/** One at least of the apps that may be lost, so that those who ask for their end are not only told that there is none. */
const requireDestroyed = async (): Promise<void> => {
  const { apps } = await plane.clientWith(endingToken).call("apps.list", { destroyed: true });
  assert.ok(apps.some(({ destroyedAt }) => destroyedAt !== undefined));
};

describe(`REST, seed ${seed}`, () => {
  after(requireToken);
  after(requireDestroyed);
  for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][])
    test(name, async () => {
      const input = fc.constant(undefined).chain(() => hostileInput(operation, values));
      const ask = async (sent: Sent): Promise<void> => {
        const answer = await send(sent, askerOf(operation), operation.answer === "lines");
        requireSound(answer, answer.status === 200 ? undefined : codeIn(answer.text));
      };
      await check(input, (value) => ask(requestOf(operation, value)), name === "apps.destroy" ? [{ app: "nobody" }] : []);
      if (operation.body === "bytes" || operation.method === "GET" || operation.method === "DELETE") return;
      const body = mutated(input.map((value) => JSON.stringify(value)));
      await check(body, (text) => ask(requestOf(operation, { app: "target" }, () => text)));
    });
});

const schema = graphqlSchema();
type Field = GraphQLField<unknown, unknown>;

const selection = (field: Field, depth = 2): string => {
  const type = getNamedType(field.type);
  if (isLeafType(type)) return field.name;
  if (!isObjectType(type)) return `${field.name} { __typename }`;
  const inner = Object.values(type.getFields()).filter((each) => !each.args.some(isRequiredArgument) && (depth > 0 || isLeafType(getNamedType(each.type))));
  return `${field.name} { ${inner.length === 0 ? "__typename" : inner.map((each) => selection(each, depth - 1)).join(" ")} }`;
};

/** A document that asks for a field of a root, with a variable for each of its arguments. */
const documentOf = (kind: string, field: Field): string => {
  const variables = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const given = field.args.map(({ name }) => `${name}: $${name}`).join(", ");
  const args = given === "" ? "" : `(${given})`;
  return `${kind} ${variables === "" ? "" : `(${variables})`} { ${selection(field).replace(field.name, `${field.name}${args}`)} }`;
};

const roots = [
  ["query", schema.getQueryType()],
  ["mutation", schema.getMutationType()],
] as const;

/** `node` does what its id says, and any text may come as one. */
const anyNode: Operation = { ...operations["journal.get"], input: z.object({ id: z.string() }) };

describe(`GraphQL, seed ${seed}`, () => {
  after(requireToken);
  const ask = async (body: string, bearer: string): Promise<void> => {
    const answer = await send({ method: "POST", path: "/graphql", body }, bearer);
    const { errors = [] } = JSON.parse(answer.text) as { errors?: { extensions?: { code?: unknown } }[] };
    requireSound(answer, undefined);
    for (const error of errors) requireSound(answer, error.extensions?.code ?? "none");
  };
  for (const [kind, root] of roots)
    for (const field of Object.values(root?.getFields() ?? {}) as Field[])
      test(field.name, async () => {
        const { operation: name } = field.extensions.slip as FieldNote;
        const operation: Operation = name === undefined ? anyNode : operations[name];
        const query = documentOf(kind, field);
        const input = fc.constant(undefined).chain(() => hostileInput(operation, values));
        const variables = input.map((value) => (kind === "query" ? value : { input: value, content: "aGVsbG8=" }));
        const body = variables.map((of) => JSON.stringify({ query, variables: of }));
        const asked = (text: string): Promise<void> => ask(text, askerOf(operation));
        await check(body, asked);
        await check(
          mutated(fc.constant(query)).chain((text) => variables.map((of) => JSON.stringify({ query: text, variables: of }))),
          asked,
        );
        await check(mutated(body), asked);
      });
});

describe("an address that fails to sign in again and again", () => {
  const status: Sent = { method: "GET", path: "/v1/status", from: "192.0.2.66" };

  const exhausted = async (): Promise<Answer> => {
    let last = await send(status, "wrong");
    for (let count = 0; count < limit("signInFailures") + 50 && last.status === 401; count += 1) last = await send(status, `wrong${count}`);
    return last;
  };
  /** A failure is forgotten every 600 ms, perhaps just before this is asked. */
  const refusedAt = async (sent: Sent): Promise<Answer> => {
    for (let times = 0; times < 10; times += 1) {
      await exhausted();
      const answer = await send(sent, "wrong");
      if (answer.status === 429) return answer;
    }
    throw new Error(`${sent.path} is still looked at.`);
  };

  test("is not looked at any more, while who was there before goes on, and others come in", async () => {
    const [before] = [await send(status, token), await send(status, strangerToken)];
    assert.match(String(before.headers["ratelimit-policy"]), /^"token";q=10000;w=50$/);
    assert.match(String(before.headers.ratelimit), /^"token";r=\d+;t=\d+$/);
    assert.equal((await send(status, "wrong")).status, 401);
    const last = await exhausted();
    assert.deepEqual([last.status, codeIn(last.text)], [429, "rate_limited"]);
    assert.ok(Number(last.headers["retry-after"]) >= 1);
    assert.match(String(last.headers.ratelimit), /^"sign-in";r=0;t=\d+$/);
    for (const path of ["/graphql", "/mcp", "/sign-in", "/oauth/token", "/oauth/authorize?client_id=x"])
      assert.ok(Number((await refusedAt({ ...status, path })).headers["retry-after"]) >= 1, `${path}: it is one limit for all`);
    assert.equal((await send({ ...status, path: "/oauth/keys" }, "")).status, 200, "what is the same for everybody");
    assert.equal((await send(status, token)).status, 200);
    assert.equal((await send({ ...status, from: "192.0.2.67" }, "wrong")).status, 401);
    assert.equal((await send({ ...status, from: "192.0.2.66" }, strangerToken)).status, 200, "whose token has been seen");
  });

  test("fails at the authorization server and on the pages of sign-in too", async () => {
    const from = "192.0.2.70";
    const form = { method: "POST", from, type: "application/x-www-form-urlencoded" };
    const guesses: [Sent, number][] = [
      [{ ...form, path: "/oauth/token", body: "grant_type=authorization_code&code=guessed&client_id=nobody" }, 400],
      [{ ...form, path: "/oauth/revoke", body: "token=guessed&client_id=nobody" }, 400],
      [{ method: "GET", from, path: "/oauth/authorize?client_id=nobody" }, 400],
      [{ ...form, path: "/sign-in", body: "code=guessed&form=guessed" }, 403],
      [{ ...form, path: "/sign-in/join", body: "invitation=guessed" }, 400],
      [{ method: "GET", from, path: "/oauth/consent/guessed" }, 400],
    ];
    const statuses = await Promise.all(guesses.map(async ([sent]) => `${sent.path} ${(await send(sent, "")).status}`));
    assert.deepEqual(
      statuses,
      guesses.map(([{ path }, expected]) => `${path} ${expected}`),
    );
    await send({ method: "GET", from, path: "/sign-in" }, "");
    const { headers } = await send({ ...status, from }, "wrong");
    assert.match(String(headers.ratelimit), new RegExp(`^"sign-in";r=${limit("signInFailures") - guesses.length - 1};`));
  });

  test("and has failed also where it does not wait for the answer", async () => {
    const [from, many] = ["192.0.2.71", 40];
    const body = "grant_type=authorization_code&code=guessed&client_id=nobody";
    const headers = { "x-forwarded-for": from, "content-type": "application/x-www-form-urlencoded", "content-length": body.length };
    const hangUp = (): Promise<void> =>
      new Promise((resolve) => {
        const request = http.request({ socketPath: plane.home.controlSocket, agent: false, method: "POST", path: "/oauth/token", headers });
        request.on("response", () => assert.fail("It was answered before it had gone."));
        request.on("error", () => undefined).on("close", resolve);
        request.end(body, () => request.destroy());
      });
    for (let count = 0; count < many; count += 1) await hangUp();
    // A look at what is left is a failure itself, and one is forgotten every 600 ms.
    const leftAfter = async (looks: number): Promise<number> =>
      Number(/r=(\d+)/.exec(String((await send({ ...status, from }, "wrong")).headers.ratelimit))?.[1]) + looks;
    const enough = limit("signInFailures") - many * 0.75;
    let left = await leftAfter(1);
    for (let looks = 2; left > enough && looks < 20; looks += 1) {
      await sleep(250);
      left = await leftAfter(looks);
    }
    assert.ok(left <= enough, `${left} are left`);
  });
});
