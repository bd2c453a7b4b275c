import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import { AppName, Deployment, FailureReport } from "@slipstream/contract/words.ts";
import { type DeploymentRow, nameFrom, supersededBy, toDeployment } from "./deployment.ts";

const row: DeploymentRow = {
  id: "dep_01m7xm9abf060jxg485492xs7b",
  appId: "app_1",
  tenant: "local",
  kind: "deploy",
  state: "running",
  phase: "start",
  phases: [{ name: "queue", ms: 3 }],
  request: {},
  config: null,
  source: null,
  commit: null,
  artifact: null,
  releaseId: null,
  release: null,
  grantId: null,
  workload: null,
  cancelRequestedAt: null,
  failure: null,
  notes: [],
  createdAt: new Date("2026-01-02T03:04:05Z"),
  startedAt: null,
  endedAt: null,
  app: "shop",
  project: "default",
  liveDeployment: null,
};

test("a new source makes every waiting deployment of the app pointless, a restart only other restarts", () => {
  assert.deepEqual([...supersededBy("deploy")].sort(), ["config", "deploy", "restart", "rollback"]);
  assert.deepEqual(supersededBy("config"), ["config", "restart"]);
  assert.deepEqual(supersededBy("restart"), ["restart"]);
});

test("a name is made of what a folder or repository is called", () => {
  const cases: [string, string | undefined][] = [
    ["node-hello", "node-hello"],
    ["My App.git", "my-app"],
    ["../..", undefined],
    ["$(rm -rf)", "rm-rf"],
    ["--upload-pack=x", "upload-pack-x"],
    ["42 answers", "answers"],
    ["日本", undefined],
    ["a".repeat(300), "a".repeat(40)],
    [`${"a".repeat(39)}--b`, "a".repeat(39)],
  ];
  for (const [suggested, expected] of cases) {
    const name = nameFrom(suggested);
    assert.equal(name, expected, suggested);
    if (name !== undefined) AppName.parse(name);
  }
});

test("clients see what is known, and nothing that is not", () => {
  const seen = Deployment.parse(toDeployment(row, { httpsPort: 8443 }));
  assert.equal(seen.url, "https://shop.slip.localhost:8443");
  assert.equal(seen.phase, "start");
  assert.ok(!("release" in seen) && !("failure" in seen) && !("endedAt" in seen));
});

test("the address is the domain that was asked for, without the usual port", () => {
  assert.equal(toDeployment({ ...row, request: { domain: "www.example.org" } }, { httpsPort: 443 }).url, "https://www.example.org");
});

test("a deployment that has ended is in no phase", () => {
  assert.ok(!("phase" in toDeployment({ ...row, state: "failed", endedAt: new Date() }, { httpsPort: 8443 })));
});

test("a failure report says where, what and what to do", () => {
  const error = new SlipError("invalid_config", "slip.toml:7: run.memory", { file: "slip.toml", line: 7, next: "Correct it." });
  const expected = {
    phase: "source",
    code: "invalid_config",
    summary: "slip.toml:7: run.memory",
    file: "slip.toml",
    line: 7,
    evidence: [],
    nextActions: ["Correct it."],
  };
  assert.deepEqual(FailureReport.parse(failureOf("source", error)), expected);
  assert.equal(FailureReport.parse(failureOf("queue", new SlipError("superseded"))).code, "superseded");
});
