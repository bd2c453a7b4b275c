import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { type Answer, Installation } from "./installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

interface Described {
  operationId: string;
}

describe("the API over HTTPS", () => {
  const installation = new Installation();
  let token = "";
  const ask = (method: string, path: string, more: { body?: unknown; token?: string | undefined; key?: string } = {}): Promise<Answer> => {
    const headers = {
      ...(more.token === undefined ? {} : { authorization: `Bearer ${more.token}` }),
      ...(more.key === undefined ? {} : { "idempotency-key": more.key }),
      ...(more.body === undefined ? {} : { "content-type": "application/json" }),
    };
    const host = "slip.localhost";
    return installation.request(host, path, { method, headers, ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }) });
  };
  const described = async (): Promise<[string, string, Described][]> => {
    const document = JSON.parse((await ask("GET", "/openapi.json")).body) as { openapi: string; paths: Record<string, Record<string, Described>> };
    assert.match(document.openapi, /^3\.1\./);
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Described] => [method.toUpperCase(), path, operation]),
    );
  };
  before(async () => {
    await installation.up();
    await installation.deployLive(newTree("shop", nodeFiles("1")));
    token = readFileSync(join(installation.home, "token"), "utf8").trim();
  });
  after(() => installation.end());

  it("describes every operation, and each of them is there for those with the token alone", async () => {
    const all = await described();
    assert.deepEqual(new Set(all.map(([, , { operationId }]) => operationId)), new Set(Object.keys(operations)));
    for (const [method, path, { operationId }] of all) {
      const concrete = path.replaceAll(/\{\w+\}/g, "nothing");
      for (const wrong of [undefined, "", "slip_wrong"]) assert.equal((await ask(method, concrete, { token: wrong })).status, 401, operationId);
      const { status, body } = await ask(method, concrete, { token });
      assert.ok(status < 500, `${operationId}: ${status} ${body}`);
      assert.doesNotMatch(body, /There is no (GET|POST|PUT|DELETE|PATCH) /, operationId);
    }
  });

  it("gives the same answer to the same idempotency key, and refuses another body with it", async () => {
    const key = randomUUID();
    const first = await ask("POST", "/v1/apps", { token, key, body: { app: "blog" } });
    assert.equal(first.status, 200, first.body);
    const again = await ask("POST", "/v1/apps", { token, key, body: { app: "blog" } });
    assert.deepEqual([again.status, JSON.parse(again.body)], [first.status, JSON.parse(first.body)]);
    assert.equal((await ask("POST", "/v1/apps", { token, key, body: { app: "other" } })).status, 422);
    assert.equal((await ask("POST", "/v1/apps", { token, body: { app: "blog" } })).status, 409);
  });

  it("rolls out a change that was asked for twice with one key once", async () => {
    const key = randomUUID();
    const answers = await Promise.all([1, 2].map(() => ask("POST", "/v1/apps/shop/restart", { token, key })));
    const deployments = answers.map(({ status, body }) => (status === 200 ? (JSON.parse(body) as { deployment: string }).deployment : body));
    assert.match(deployments[0] ?? "", /^dep_/);
    assert.equal(new Set(deployments).size, 1);
  });
});
