import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { openApi } from "./openapi.ts";

interface Described {
  operationId: string;
  parameters: { name: string; in: string; required: boolean }[];
  requestBody?: { content: Record<string, { schema: { properties?: Record<string, unknown>; required?: string[] } }> };
  responses: Record<string, unknown>;
}
const { paths } = openApi("0.0.0") as { paths: Record<string, Record<string, Described>> };
const described = (name: keyof typeof operations): Described => {
  const { path, method } = operations[name];
  const found = paths[path]?.[method.toLowerCase()];
  assert.ok(found, name);
  return found;
};

test("every operation is described, each with an id of its own", () => {
  const ids = Object.values(paths).flatMap((path) => Object.values(path).map((operation) => operation.operationId));
  assert.equal(ids.length, Object.keys(operations).length);
  assert.deepEqual(new Set(ids), new Set(Object.keys(operations)));
});

test("fields are in the path, the query or the body, each in one place", () => {
  const scale = described("apps.scale");
  assert.deepEqual(
    scale.parameters.map(({ name, in: place, required }) => [name, place, required]),
    [
      ["app", "path", true],
      ["idempotency-key", "header", false],
    ],
  );
  const schema = scale.requestBody?.content["application/json"]?.schema;
  assert.deepEqual([Object.keys(schema?.properties ?? {}), schema?.required], [["instances"], ["instances"]]);
  assert.deepEqual(
    described("deployments.list").parameters.map((parameter) => `${parameter.in} ${parameter.name}`),
    ["path app", "query limit", "query before"],
  );
});

test("each error that an operation can end with is told under its status", () => {
  assert.deepEqual(Object.keys(described("releases.rollback").responses), ["200", "400", "401", "403", "404", "409", "429", "500"]);
});

test("bytes and lines are said to be such", () => {
  assert.ok(described("sources.upload").requestBody?.content["application/octet-stream"]);
  const answer = described("deployments.watch").responses["200"] as { content: object };
  assert.deepEqual(Object.keys(answer.content), ["application/x-ndjson", "text/event-stream"]);
});
