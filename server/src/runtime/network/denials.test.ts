import assert from "node:assert/strict";
import { test } from "node:test";
import { denialLine, parseDenied } from "./denials.ts";

const listing = (elements: string): string =>
  `{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet", "name": "denied_ip", "table": "slip_ab12cd"${elements}}}]}`;

test("what nft lists is read, and an empty set is nothing", () => {
  const element = `, "elem": [{"elem": {"val": {"concat": ["slipab12cd-7", "tcp", "169.254.169.254", 80]}, "expires": 119}}]`;
  const denied = { link: "slipab12cd-7", protocol: "tcp", address: "169.254.169.254", port: 80 };
  assert.deepEqual(parseDenied(listing(element)), [denied]);
  assert.deepEqual(parseDenied(listing("")), []);
  assert.match(denialLine(denied), /169\.254\.169\.254 port 80 \(tcp\)/);
});
