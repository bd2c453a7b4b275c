// Whatever changes in whatever steps: who followed them has the table of who is sent the whole, and so has who restarts at any point.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Delta, TableMessage } from "./route-entry.ts";
import { RouteTable, TableSum } from "./route-table.ts";
import { linesOf, tableIn } from "./table-file.ts";
import { TableReceiver } from "./table-receiver.ts";

const id = (prefix: string, index: number) => `${prefix}_${String(index).padStart(26, "0")}`;
const hosts = ["a.localhost", "b.localhost", "c.example.org"];

const appChange = fc
  .record({
    app: fc.nat({ max: 4 }),
    deployment: fc.nat({ max: 3 }),
    places: fc.array(fc.tuple(fc.constantFrom(...hosts), fc.constantFrom("/", "/api")), { maxLength: 4 }),
    isGone: fc.boolean(),
    isAsleep: fc.boolean(),
  })
  .map(({ app, deployment, places, isGone, isAsleep }): Change => {
    const dep = id("dep", deployment);
    const artifact = `sha256:${String(deployment).repeat(64)}`;
    const targets: [string, string][] = [[id("ins", deployment), `10.0.0.${deployment}:3000`]];
    const value: Extract<Change, { kind: "app" }>["value"] = [
      "local",
      "default",
      `app${app}`,
      dep,
      "",
      deployment + 1,
      artifact,
      targets,
      false,
      isAsleep ? [null, 1_000] : null,
      places,
    ];
    return { kind: "app", id: `app_${app}`, value: isGone ? null : value };
  });
const certificateChange = fc.record({ name: fc.constantFrom(...hosts), text: fc.nat({ max: 3 }), isGone: fc.boolean() }).map(
  ({ name, text, isGone }): Change => ({
    kind: "certificate",
    id: name,
    value: isGone ? null : { names: [name], certificate: String(text), key: "k" },
  }),
);
const platformChange = fc.nat({ max: 2 }).map((key): Change => ({ kind: "platform", value: { hosts: ["localhost"], proofKey: String(key).repeat(64) } }));
/** Each is what one version changes. */
const history = fc.array(fc.array(fc.oneof({ weight: 5, arbitrary: appChange }, certificateChange, platformChange), { maxLength: 4 }), { maxLength: 12 });

const keyOf = (change: Change): string => (change.kind === "platform" ? "platform" : `${change.kind} ${change.id}`);

/** As PostgreSQL says it: what every entry that changed after `from` is at `to`. */
const deltaOf = (steps: readonly Change[][], from: number, to: number): Delta => {
  const last = new Map(steps.slice(from - 1, to - 1).flatMap((changes) => changes.map((change) => [keyOf(change), change])));
  return { kind: "delta", from, to, changes: [...last.values()] };
};

/** The table of a version, made at once of what its entries are then. */
const tableAt = (steps: readonly Change[][], version: number): RouteTable => {
  const table = new RouteTable();
  table.apply(deltaOf(steps, 1, version).changes);
  table.version = version;
  return table;
};

const facts = (table: RouteTable | undefined) => ({
  digest: table?.digest,
  entries: table?.entries,
  platform: table?.platform,
  hosts: hosts.map((host) => [host, table?.appsOf(host), table?.certificate(host)]),
  apps: Array.from({ length: 5 }, (_, app) => table?.app(`app_${app}`)),
});

const received = (messages: Iterable<TableMessage>): TableReceiver => {
  const receiver = new TableReceiver();
  for (const message of messages) receiver.take(message);
  return receiver;
};

test("changes by any steps, of which some came twice or began before, make the table of the whole", () => {
  const steps = fc.tuple(history, fc.array(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 4 }))));
  fc.assert(
    fc.property(steps, ([changes, jumps]) => {
      const receiver = received(tableAt(changes, 1).messages());
      const newest = changes.length + 1;
      for (const [back, ahead] of [...jumps, [0, newest] as const]) {
        const [from, to] = [Math.max(1, receiver.version - back), Math.min(newest, receiver.version + ahead)];
        receiver.take(deltaOf(changes, from, to));
        receiver.take(deltaOf(changes, from, to));
        assert.deepEqual(facts(receiver.table), facts(tableAt(changes, receiver.version)));
      }
      assert.equal(receiver.version, newest);
    }),
  );
});

test("a change of what is not there yet is left aside, and the version says so", () => {
  const delta: Delta = { kind: "delta", from: 3, to: 4, changes: [] };
  assert.deepEqual(received([delta]).version, 0);
  assert.deepEqual(received([...tableAt([], 2).messages(), delta]).version, 2);
  assert.deepEqual(received([...tableAt([], 3).messages(), delta]).version, 4);
});

test("a restart at any point of the file has the table of that point", () => {
  fc.assert(
    fc.property(history, (changes) => {
      const messages = [...tableAt(changes, 1).messages(), ...changes.map((_, index) => deltaOf(changes, index + 1, index + 2))];
      const lines = [...linesOf(messages)];
      const begun = messages.length - changes.length;
      for (let version = 1; version <= changes.length + 1; version += 1) {
        const file = tableIn(Buffer.from(lines.slice(0, begun + version - 1).join("")));
        assert.deepEqual(facts(file?.table), facts(tableAt(changes, version)));
      }
    }),
    { numRuns: 50 },
  );
});

/** The same table in another order, an entry at a time. */
const apartAndReversed = (messages: readonly TableMessage[]): TableMessage[] => {
  const apart = messages.flatMap((message): TableMessage[] =>
    message.kind === "part" ? message.changes.map((change) => ({ ...message, changes: [change] })) : [message],
  );
  const isPart = (message: TableMessage): boolean => message.kind === "part";
  return [...apart.filter((message) => message.kind === "begin"), ...apart.filter(isPart).reverse(), ...apart.filter((message) => message.kind === "end")];
};

test("the digest is that of all entries, and differs with any of them", async () => {
  await fc.assert(
    fc.asyncProperty(history, appChange, async (changes, other) => {
      const table = tableAt(changes, changes.length + 1);
      const sum = new TableSum();
      for (const message of apartAndReversed([...table.messages()])) sum.add(message);
      assert.equal(sum.digest, table.digest);
      assert.equal(await table.digestAnew(async () => undefined), table.digest);
      const before = facts(table);
      table.apply([other]);
      const isSame = JSON.stringify({ ...facts(table), digest: "" }) === JSON.stringify({ ...before, digest: "" });
      assert.equal(table.digest === before.digest, isSame);
    }),
  );
});

test("of a whole table that lacks a part nothing is served", () => {
  const table = tableAt([[{ kind: "certificate", id: "a", value: { names: ["a"], certificate: "c", key: "k" } }]], 2);
  const messages = [...table.messages()];
  assert.equal(received(messages).version, 2);
  assert.equal(received(messages.filter(({ kind }) => kind !== "part")).version, 0);
  assert.equal(received(messages.slice(0, -1)).version, 0);
});

test("without targets a table gives way to any other", () => {
  fc.assert(
    fc.property(history, (changes) => {
      const table = tableAt(changes, changes.length + 1);
      table.forgetTargets();
      assert.equal(table.version, 0);
      for (let app = 0; app < 5; app += 1) assert.deepEqual(table.app(`app_${app}`)?.targets ?? [], []);
      const receiver = received(table.messages());
      for (const message of tableAt(changes, 1).messages()) receiver.take(message);
      assert.deepEqual(facts(receiver.table), facts(tableAt(changes, 1)));
    }),
  );
});
