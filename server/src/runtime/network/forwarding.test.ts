import assert from "node:assert/strict";
import { test } from "node:test";
import { droppingChains } from "./forwarding.ts";

test("chains of others that drop what is forwarded are named, ours and harmless ones are not", () => {
  const chain = (table: string, name: string, hook?: string, policy?: string) => ({
    chain: { family: "ip", table, name, handle: 1, ...(hook ? { hook, policy } : {}) },
  });
  const rules = [
    { metainfo: { version: "1.0.6" } },
    chain("filter", "FORWARD", "forward", "drop"),
    chain("filter", "INPUT", "input", "drop"),
    chain("filter", "DOCKER-USER"),
    chain("other", "forward", "forward", "accept"),
    chain("slip_abcdef", "forward", "forward", "drop"),
  ];
  assert.deepEqual(droppingChains(JSON.stringify({ nftables: rules })), ["ip filter FORWARD"]);
});
