import assert from "node:assert/strict";
import { test } from "node:test";
import { conmonArguments, parseCreated } from "./conmon.ts";

test("the runtime's own arguments stay whole, one option each", () => {
  const plan = { id: "ins_1", bundle: "/b", runtime: ["/usr/bin/nsenter", "--net=/run/netns/n", "--", "runsc"] as const, exitFolder: "/e", logBytes: 10 };
  const args = conmonArguments({ ...plan, runtime: [...plan.runtime] });
  assert.deepEqual(args.slice(args.indexOf("--runtime"), args.indexOf("--bundle")), [
    "--runtime",
    "/usr/bin/nsenter",
    "--runtime-arg=--net=/run/netns/n",
    "--runtime-arg=--",
    "--runtime-arg=runsc",
  ]);
});

test("conmon's answer is a process id or the runtime's words", () => {
  assert.deepEqual(parseCreated('{"data": 42}\n'), { pid: 42 });
  assert.deepEqual(parseCreated('{"pid": 42}\n'), { pid: 42 });
  assert.deepEqual(parseCreated('{"data": -1, "message": "no such file"}\n'), { error: "no such file" });
  assert.deepEqual(parseCreated(""), { error: "conmon ended without an answer", lost: true });
});
