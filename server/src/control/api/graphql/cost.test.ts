import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { GraphQLError, getIntrospectionQuery } from "graphql";
import { prepare } from "./prepare.ts";
import { graphqlSchema } from "./schema.ts";

const schema = graphqlSchema();
const sizeOf = (query: string, variables: Record<string, unknown> = {}) => {
  const prepared = prepare(schema, { query, variables });
  assert.ok("size" in prepared, JSON.stringify(prepared));
  return prepared.size;
};
const refused = (query: string, variables?: Record<string, unknown>): void =>
  assert.throws(
    () => sizeOf(query, variables),
    (error) => (error as SlipError).code === "too_large",
    query.slice(0, 80),
  );

test("a field costs a point, an operation ten more, and a list as often as it may have edges", () => {
  assert.deepEqual(sizeOf("{ __typename }"), { fields: 1, depth: 1, points: 1 });
  assert.equal(sizeOf('{ app(app: "shop") { url } }').points, 12);
  assert.equal(sizeOf('{ node(id: "x") { ... on App { url } } }').points, 12);
  assert.equal(sizeOf("{ apps(first: 7) { edges { node { url } } } }").points, 11 + 7 * 3);
  assert.equal(sizeOf("{ apps { edges { cursor } } }").points, 11 + limit("graphqlPage") * 2);
  assert.equal(sizeOf("query ($n: Int) { apps(first: $n) { edges { cursor } } }", { n: 3 }).points, 11 + 3 * 2);
  assert.equal(sizeOf("query ($n: Int = 4) { apps(first: $n) { edges { cursor } } }").points, 11 + 4 * 2);
  assert.equal(sizeOf("query ($n: Int) { apps(first: $n) { edges { cursor } } }").points, 11 + limit("graphqlPageMax") * 2, "what is not said may be all");
});

test("lists within lists are refused where they may become too many, and depth where it never ends", () => {
  refused("{ apps(first: 100) { edges { node { deployments(first: 100) { edges { node { url } } } } } } }");
  const nested = (depth: number): string => (depth === 0 ? "url" : `deployment { app { ${nested(depth - 1)} } }`);
  assert.ok(sizeOf(`{ app(app: "shop") { ${nested(7)} } }`).depth <= limit("graphqlDepth"));
  refused(`{ app(app: "shop") { ${nested(8)} } }`);
});

test("fragments and aliases count as what they stand for, and are counted once each", () => {
  const doubling = Array.from(
    { length: 60 },
    (_, n) => `fragment F${n} on App { ${n === 59 ? "url" : `...F${n + 1} a${n}: deployment { app { ...F${n + 1} } }`} }`,
  );
  const start = performance.now();
  refused(`{ app(app: "shop") { ...F0 } } ${doubling.join(" ")}`);
  assert.ok(performance.now() - start < 5_000);
  refused(`{ ${Array.from({ length: 6 }, (_, n) => `s${n}: __schema { queryType { name } }`).join(" ")} }`);
  refused(`mutation { ${Array.from({ length: 21 }, (_, n) => `m${n}: appsCreate(input: { app: "a${n}" }) { url }`).join(" ")} }`);
});

test("the schema is described once: under other names its lists within lists would be given a million times", () => {
  assert.equal(sizeOf(getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true })).points, 4_000);
  assert.equal(sizeOf('{ a: __type(name: "App") { name } b: __type(name: "Plan") { name } }').points, 400, "whole descriptions are paid for one by one");
  refused("{ __schema { types { a: fields { name } b: fields { name } } } }");
  refused("{ __schema { types { ...T } } } fragment T on __Type { fields { type { ... on __Type { other: name } } } }");
  refused("query { ...Q } fragment Q on Query { __schema { q: queryType { name } } }");
});

test("a document of any size is refused or read, in bounded time", () => {
  const many = [
    `{ ${"a ".repeat(3_900)} }`,
    `{ ${"app { ".repeat(1_200)} url ${"} ".repeat(1_201)}`,
    `{ apps(first: ${"[".repeat(3_000)}1${"]".repeat(900)}) { edges { cursor } } }`,
    `query (${Array.from({ length: 900 }, (_, n) => `$v${n}: Int`).join(" ")}) { __typename }`,
    `{ ${Array.from({ length: 600 }, (_, n) => `a: app(app: "${n}") { url }`).join(" ")} }`,
    "{".repeat(100_000),
    "#\n".repeat(400_000),
  ];
  for (const query of many) {
    const start = performance.now();
    let found: unknown;
    try {
      found = prepare(schema, { query });
    } catch (error) {
      assert.equal((error as SlipError).code, "too_large", query.slice(0, 40));
      continue;
    }
    assert.ok(Array.isArray(found) && found[0] instanceof GraphQLError, query.slice(0, 40));
    assert.ok(performance.now() - start < 5_000, `${query.slice(0, 40)} took ${performance.now() - start} ms`);
  }
});
