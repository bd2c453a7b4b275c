// Lists that go on after their last item: page by page, each item once, at every door that has them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { newId } from "#platform/ids.ts";
import { insertPing } from "../control/webhooks/delivery-store.ts";
import { hashOf, newSecret } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { type EdgeFetch, edgeFetch } from "./testing/edge-fetch.ts";

const app = "paged";
const many = 5;

let plane: ControlPlane;
let ask: EdgeFetch;
let webhook = "";

before(async () => {
  plane = await startControlPlane();
  ask = await edgeFetch(plane, readFileSync(plane.home.token, "utf8").trim());
  await plane.client.call("apps.create", { app });
  for (let count = 0; count < many; count += 1)
    await plane.client.call("plans.create", { operation: "env.set", input: { app, values: { COUNT: String(count) } } });
  const token = newSecret();
  await plane.client.call("tokens.create", { name: "asks", sha256: hashOf(token), grant: { verbs: ["read"] } });
  const agent = plane.clientWith(token);
  const isNeeded = (error: unknown): boolean => (error as SlipError).code === "approval_needed";
  for (let count = 0; count < many; count += 1) await assert.rejects(agent.call("apps.create", { app: `asked-${count}` }), isNeeded);
  ({ webhook } = await plane.client.call("webhooks.create", { url: "https://hooks.example.org/", topics: ["app.purged"] }));
  await plane.client.call("webhooks.update", { webhook, paused: true });
  for (let count = 0; count < many; count += 1) await plane.database.begin((query) => insertPing(query, { id: webhook, tenant: "local" }, new Date()));
});
after(async () => {
  await ask.close();
  await plane.stop();
});

/** What GraphQL answers to the query below. */
interface GraphQLPage {
  data: { list: { edges: { node: Record<string, string> }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } };
  errors?: unknown;
}

interface Paged {
  /** Its ids, newest first. */
  page(input: { limit?: number; before?: string }): Promise<string[]>;
  /** The field of GraphQL, with its arguments, and by which field its items are told apart. */
  field: () => [name: string, args: string, key: string];
  prefix: string;
}

const lists: Record<string, Paged> = {
  "plans.list": {
    page: async (input) => (await plane.client.call("plans.list", { app, ...input })).plans.map(({ plan }) => plan),
    field: () => ["plans", `app: "${app}", `, "plan"],
    prefix: "pln",
  },
  "approvals.list": {
    page: async (input) => (await plane.client.call("approvals.list", { state: "pending", ...input })).approvals.map(({ approval }) => approval),
    field: () => ["approvals", "state: PENDING, ", "approval"],
    prefix: "apv",
  },
  "webhooks.deliveries": {
    page: async (input) => (await plane.client.call("webhooks.deliveries", { webhook, ...input })).deliveries.map(({ delivery }) => delivery),
    field: () => ["webhooksDeliveries", `webhook: "${webhook}", `, "delivery"],
    prefix: "dlv",
  },
};

for (const [name, { page, field, prefix }] of Object.entries(lists)) {
  test(`${name} goes on after its last item, and ends`, async () => {
    const all = await page({});
    assert.equal(all.length, many);
    assert.ok(
      all.every((id, index) => index === 0 || id < (all[index - 1] ?? "")),
      "newest first",
    );
    const seen: string[] = [];
    for (let last: string[] = await page({ limit: 2 }); last.length > 0; last = await page({ limit: 2, before: last.at(-1) ?? "" })) {
      seen.push(...last);
      assert.ok(last.length <= 2 && seen.length <= many);
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(await page({ before: newId(prefix) }), all, "the id of what is not there stands where it would be");
    await assert.rejects(page({ before: "1' or '1'='1" }), (error) => (error as SlipError).code === "invalid_input");
  });

  test(`${name} goes on in GraphQL too`, async () => {
    const [root, args, key] = field();
    const query = `query ($after: String) { list: ${root}(${args}first: 2, after: $after) { edges { node { ${key} } } pageInfo { hasNextPage endCursor } } }`;
    const sizes: number[] = [];
    const seen: string[] = [];
    for (let cursor: string | null = null, more = true; more; ) {
      const body = JSON.stringify({ query, variables: { after: cursor } });
      const answer = await ask("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body });
      const { data, errors } = (await answer.json()) as GraphQLPage;
      assert.equal(errors, undefined, JSON.stringify(errors));
      sizes.push(data.list.edges.length);
      assert.ok(seen.length < many);
      seen.push(...data.list.edges.map(({ node }) => node[key] ?? assert.fail(`There is no ${key}.`)));
      ({ hasNextPage: more, endCursor: cursor } = data.list.pageInfo);
    }
    assert.deepEqual([sizes, seen], [[2, 2, 1], await page({})]);
  });
}
