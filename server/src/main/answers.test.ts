// What is asked with an idempotency key is done once and answered alike, also when control is killed after the change is committed
// and before anybody was told.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { JournalEntry } from "@slipstream/contract/words.ts";
import type { JsonName } from "../control/api/call.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
const app = "shop";
const call: ControlPlane["client"]["call"] = (...args) => plane.client.call(...args);
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const git = (url: string) => ({ app: "from-git", source: { kind: "git" as const, url } });
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

interface Question {
  name: JsonName;
  input: InputOf<JsonName>;
  /** What may not be asked with the same key. */
  other: InputOf<JsonName>;
  idempotencyKey: string;
  /** What must be true of the answer. */
  expected: object;
}
const question = <N extends JsonName>(name: N, input: InputOf<N>, other: InputOf<N>, expected: object): Question => ({
  ...{ name, input, other, expected },
  idempotencyKey: randomUUID(),
});

/** Makes what the questions are about, and gives these: each is of something else. */
const questions = async (): Promise<Question[]> => {
  for (const name of [app, "mortal", "dead", "from-git"]) await call("apps.create", { app: name });
  await call("apps.destroy", { app: "dead" });
  await call("env.set", { app, values: { GONE: "1" } });
  await call("secrets.set", { app, values: { GONE: "1" } });
  await call("domains.add", { app, domain: "old.example.org" });
  await call("env.set", { app, values: { UNDONE: "1" } });
  const [undone, other] = (await call("journal.list", { app })).entries.map(({ id }) => id) as [JournalEntry["id"], JournalEntry["id"]];
  const { deployment } = await call("deployments.create", git("https://git.invalid/a.git"));
  return [
    question("apps.create", { app: "new" }, { app: "newer" }, { app: "new", state: "new" }),
    question("env.set", { app, values: { A: "1" } }, { app, values: { A: "2" } }, { names: ["A"] }),
    question("env.remove", { app, names: ["GONE"] }, { app, names: ["A"] }, { names: ["GONE"] }),
    question("secrets.set", { app, values: { T: "1" } }, { app, values: { T: "2" } }, { names: ["T"] }),
    question("secrets.remove", { app, names: ["GONE"] }, { app, names: ["T"] }, { names: ["GONE"] }),
    question("domains.add", { app, domain: "new.example.org" }, { app, domain: "newer.example.org" }, { domain: "new.example.org" }),
    question("domains.remove", { app, domain: "old.example.org" }, { app, domain: "new.example.org" }, { domain: "old.example.org" }),
    question("deployments.cancel", { deployment }, { deployment: `dep_${"0".repeat(26)}` }, { deployment, state: "cancelled" }),
    question("deployments.create", git("https://git.invalid/b.git"), git("https://git.invalid/c.git"), { app: "from-git" }),
    question("apps.destroy", { app: "mortal" }, { app: "mortal", purge: true }, { app: "mortal", releases: 0 }),
    question("apps.restore", { app: "dead" }, { app }, { app: "dead" }),
    question("journal.undo", { entry: undone }, { entry: other }, { undone, operation: "env.remove" }),
    question("token.rotate", { sha256: sha256("slip_new") }, { sha256: sha256("slip_newer") }, {}),
  ];
};

/** Asks, and returns when the change is committed and control is about to answer; there it stays. */
const hold = async ({ name, input, idempotencyKey }: Question): Promise<Promise<unknown>[]> => {
  const armed = join(plane.home.faults, "armed");
  writeFileSync(armed, "answer.after");
  const lost = call(name, input, { idempotencyKey });
  lost.catch(() => undefined);
  for (const until = performance.now() + 20_000; existsSync(armed); await sleep(2))
    assert.ok(performance.now() < until, `${name} was never about to be answered`);
  return [lost];
};

/** Entries of the journal by what was asked. */
const counted = async (): Promise<Map<string, number>> => {
  const rows = await plane.database<{ operation: string; count: number }[]>`select operation, count(*)::int as count from journal group by 1`;
  return new Map(rows.map(({ operation, count }) => [operation, count]));
};

describe("answers that were lost", () => {
  let asked: Question[];
  let made: Map<string, number>;
  before(async () => {
    plane = await startControlPlane({ SLIP_FAULTS: "1" });
    asked = await questions();
    const lost: Promise<unknown>[] = [];
    for (const each of asked) lost.push(...(await hold(each)));
    made = await counted();
    const back = plane.strike("control");
    rmSync(join(plane.home.faults, "held"));
    for (const each of lost) await assert.rejects(each, refused("unreachable"));
    await back();
  });
  after(() => plane.stop());

  it("are given when somebody asks again, and the same each time", async () => {
    for (const { name, input, idempotencyKey, expected } of asked) {
      const answer = await call(name, input, { idempotencyKey });
      assert.partialDeepStrictEqual(answer, expected, name);
      assert.deepEqual(await call(name, input, { idempotencyKey }), answer, name);
    }
  });

  it("are of changes that are made once", async () => {
    assert.deepEqual(await counted(), made);
    assert.deepEqual(
      (await call("secrets.list", { app })).secrets.map(({ name, version }) => [name, version]),
      [["T", 1]],
    );
    assert.deepEqual(
      (await call("env.list", { app })).env.map(({ name }) => name),
      ["A"],
    );
    assert.equal((await call("deployments.list", { app: "from-git" })).deployments.length, 2);
  });

  it("belong to what was asked: something else with the same key is refused", async () => {
    for (const { name, other, idempotencyKey } of asked) await assert.rejects(call(name, other, { idempotencyKey }), refused("idempotency_mismatch"), name);
  });
});
