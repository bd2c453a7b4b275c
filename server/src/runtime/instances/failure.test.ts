import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf, type Patient, type Symptom } from "./failure.ts";
import { isHopeless } from "./hopeless.ts";
import type { Listener } from "./listening.ts";

const patient: Patient = {
  app: "shop",
  deployment: "dep_1",
  isOwnCommand: true,
  variables: ["PRESENT_KEY"],
  port: 3000,
  memoryBytes: 512 * 2 ** 20,
  check: { timeoutMs: 5_000, startMs: 60_000 },
  command: ["node", "server.js"],
  lastLines: ["last words"],
};
const late = (listeners: readonly Listener[], last: Extract<Symptom, { kind: "late" }>["last"] = { kind: "refused" }): Symptom => ({
  kind: "late",
  last,
  listeners,
  elapsedMs: 60_000,
});

const cases: readonly [string, Symptom, string, RegExp][] = [
  ["ended", { kind: "exited", exitCode: 3, outOfMemory: false }, "exited", /exit code 3/],
  ["was ended by a signal", { kind: "exited", exitCode: 139, outOfMemory: false }, "exited", /SIGSEGV/],
  ["needed too much memory", { kind: "exited", exitCode: 137, outOfMemory: true }, "out_of_memory", /512MB/],
  ["is not there", { kind: "not_started", message: 'exec: "x": executable file not found in $PATH\n' }, "start_failed", /'node' cannot be run/],
  ["listens on loopback", late([{ port: 3000, loopback: true }]), "loopback_only", /127\.0\.0\.1:3000/],
  [
    "listens on another port",
    late([
      { port: 8080, loopback: false },
      { port: 8080, loopback: false },
    ]),
    "wrong_port",
    /listens on port 8080, and not on 3000/,
  ],
  ["listens on another port of loopback", late([{ port: 8080, loopback: true }]), "loopback_only", /127\.0\.0\.1:8080/],
  ["listens nowhere", late([]), "not_listening", /on no port within 60 s/],
  ["answers badly", late([{ port: 3000, loopback: false }], { kind: "status", status: 503 }), "unhealthy", /answered 503/],
  [
    "redirects in a circle",
    late([{ port: 3000, loopback: false }], { kind: "loop", status: 302, way: ["/a", "/b", "/a"] }),
    "unhealthy",
    /leads back to itself: \/a → \/b → \/a/,
  ],
  ["asks for a login", late([{ port: 3000, loopback: false }], { kind: "status", status: 401 }), "unhealthy", /answered 401/],
  ["crashed", { kind: "crashed", exitCode: 1, outOfMemory: false }, "crash_loop", /answered at first, and then ended with exit code 1/],
  ["ended with 0", { kind: "exited", exitCode: 0, outOfMemory: false }, "exited", /as if its work were done/],
  ["does not answer", late([{ port: 3000, loopback: false }], { kind: "timeout" }), "unhealthy", /did not answer within 5 s/],
];

for (const [what, symptom, code, summary] of cases)
  test(`a program that ${what} is told so, with its last lines and what to do`, () => {
    const report = failureOf(symptom, patient);
    assert.equal(report.code, code);
    assert.match(report.summary, summary);
    assert.deepEqual(report.evidence, ["last words"]);
    assert.ok((report.nextActions[0] ?? "").length > 0);
  });

test("the runtime's words are given as the likely cause", () =>
  assert.equal(failureOf({ kind: "not_started", message: "first\nno such file or directory\n" }, patient).suspectedCause, "no such file or directory"));

test("a program on loopback is given up soon, one on another port later, a silent one not", () => {
  const refused = { kind: "refused" } as const;
  const on = (port: number, loopback: boolean) => () => [{ port, loopback }];
  assert.equal(isHopeless(refused, 2_000, on(3000, true), 3000), true);
  assert.equal(isHopeless(refused, 100, on(3000, true), 3000), false);
  assert.equal(isHopeless(refused, 2_000, on(8080, false), 3000), false);
  assert.equal(isHopeless(refused, 20_000, on(8080, false), 3000), true);
  assert.equal(
    isHopeless(refused, 50_000, () => [], 3000),
    false,
  );
  assert.equal(isHopeless({ kind: "status", status: 503 }, 50_000, on(3000, false), 3000), false);
});

const lines = ["/app/server.js:3", "Error: DATABASE_URL is not set", "    at Object.<anonymous> (/app/server.js:3:9)", "Node.js v26.10.0"];

test("why a program ended is read from its last lines, with the place", () => {
  const report = failureOf({ kind: "exited", exitCode: 1, outOfMemory: false }, { ...patient, lastLines: lines });
  assert.deepEqual([report.suspectedCause, report.file, report.line], ["The variable DATABASE_URL is not set.", "server.js", 3]);
  assert.deepEqual(report.nextActions, ["Run 'slip secrets set shop DATABASE_URL --stage', which asks for the value, then deploy again."]);
});

test("what was seen stands over what was said: a program on another port, or ended by the kernel, has that reason", () => {
  const said = { ...patient, lastLines: lines };
  assert.doesNotMatch(JSON.stringify({ ...failureOf(late([{ port: 8080, loopback: false }]), said), evidence: [] }), /DATABASE_URL/);
  assert.doesNotMatch(JSON.stringify({ ...failureOf({ kind: "exited", exitCode: 137, outOfMemory: true }, said), evidence: [] }), /DATABASE_URL/);
});

test("settings in the actions are twice what there was", () => {
  assert.match(failureOf({ kind: "exited", exitCode: 137, outOfMemory: true }, patient).nextActions[0] ?? "", /\[run\] memory = "1GB"/);
  assert.match(failureOf(late([]), patient).nextActions[1] ?? "", /\[health\] start = "2m"/);
});
