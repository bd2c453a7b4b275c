import assert from "node:assert/strict";
import { test } from "node:test";
import { hostName, pathFits } from "./route-map.ts";

test("a host is compared without case, port and trailing dot", () => {
  assert.equal(hostName("App.Example.ORG:8443"), "app.example.org");
  assert.equal(hostName("app.example.org."), "app.example.org");
  assert.equal(hostName("app.example.org.:80"), "app.example.org");
  assert.equal(hostName("[::1]:80"), "[::1]");
  assert.equal(hostName("[::1]"), "[::1]");
});

test("a path fits itself and what is below it", () => {
  for (const target of ["/api", "/api/", "/api/x", "/api?x=1"]) assert.equal(pathFits("/api", target), true, target);
  for (const target of ["/", "/apis", "/ap", "/API", "/x/api"]) assert.equal(pathFits("/api", target), false, target);
  assert.equal(pathFits("/", "/anything"), true);
  assert.equal(pathFits("/", "*"), true);
  assert.equal(pathFits("/api/", "/api/x"), true);
  assert.equal(pathFits("/api/", "/api"), false);
});
