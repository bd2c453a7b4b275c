import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootId } from "#platform/boot.ts";
import { homeAt } from "#platform/home.ts";
import { readState, type SupervisorState, writeState } from "./state.ts";

const stateOf = (boot: string): SupervisorState => ({ boot, supervisor: { pid: 1, startTime: "1", state: "ready" }, processes: [] });

test("the state is read again, of this start of the machine alone, and a full disk leaves the one before", (context) => {
  const home = homeAt(mkdtempSync(join(tmpdir(), "slip-state-")));
  context.after(() => rmSync(home.root, { recursive: true }));
  mkdirSync(home.processLogs);
  assert.equal(writeState(home, stateOf(bootId())), true);
  assert.deepEqual(readState(home), stateOf(bootId()));
  symlinkSync("/dev/full", `${home.supervisorState}.${process.pid}.new`);
  assert.equal(writeState(home, stateOf("another")), false);
  assert.deepEqual(readState(home), stateOf(bootId()));
  rmSync(`${home.supervisorState}.${process.pid}.new`);
  assert.equal(writeState(home, stateOf("another")), true);
  assert.equal(readState(home), undefined);
});
