// Whatever is set, changed and removed: what is packed is found as in a map, and its memory is used again.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PackedApp } from "../route-entry.ts";
import { NumberIndex } from "./number-index.ts";
import { PackedApps } from "./packed-apps.ts";
import { Texts } from "./texts.ts";

const id = (prefix: string, index: number) => `${prefix}_${String(index).padStart(26, "0")}`;
const entry = (app: string, hosts: readonly string[]): PackedApp => {
  const targets: PackedApp[7] = [[id("ins", 1), "10.0.0.1:3000"]];
  return ["local", "default", app, id("dep", 1), "", 1, `sha256:${"0".repeat(64)}`, targets, false, null, hosts.map((host) => [host, "/"])];
};

test("numbers are found by their hashes, also of several that have the same one", () => {
  const change = fc.record({ hash: fc.constantFrom(0, 1, 63, 64, 2 ** 32 - 1), number: fc.nat({ max: 40 }), isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const [index, model] = [new NumberIndex(), new Map<number, Set<number>>()];
      for (const { hash, number, isGone } of changes) {
        const numbers = model.get(hash) ?? new Set();
        model.set(hash, numbers);
        if (isGone) index.remove(hash, number);
        else if (!numbers.has(number)) index.add(hash, number);
        if (isGone) numbers.delete(number);
        else numbers.add(number);
      }
      for (const [hash, numbers] of model) assert.deepEqual(new Set(index.numbers(hash)), numbers);
    }),
  );
});

test("texts of any length stay as they are while others come, change and go", () => {
  const texts = new Texts();
  const model = new Map<number, string>();
  const text = fc.record({ unit: fc.constantFrom("a", "é", "😀"), length: fc.constantFrom(0, 1, 1_000, 60_000, 300_000) });
  const step = fc.record({ kind: fc.constantFrom("add", "change", "remove"), text, which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      for (const { kind, text, which } of steps) {
        const value = text.unit.repeat(text.length / text.unit.length);
        const number = [...model.keys()][which % Math.max(1, model.size)];
        if (kind === "add" || number === undefined) model.set(texts.add(value), value);
        else if (kind === "remove") texts.remove(number);
        else texts.change(number, value);
        if (number !== undefined && kind === "remove") model.delete(number);
        if (number !== undefined && kind === "change") model.set(number, value);
      }
      for (const [number, value] of model) assert.equal(texts.at(number), value);
      assert.equal(texts.size, model.size);
      assert.deepEqual(new Set(texts.all()), new Set(model.values()));
    }),
    { numRuns: 30 },
  );
});

test("a text that changes often takes no more memory for it", () => {
  const texts = new Texts();
  const numbers = Array.from({ length: 1_000 }, (_, index) => texts.add(String(index)));
  for (let round = 0; round < 300; round += 1) for (const number of numbers) texts.change(number, `${round} ${"x".repeat(500)}`);
  assert.ok(texts.bytes < 3 * 1_000 * 520, "no more than the texts and as much again");
  assert.equal(texts.at(7), `299 ${"x".repeat(500)}`);
});

test("apps are found by their hosts, those that share one in the order of their ids", () => {
  const change = fc.record({ app: fc.nat({ max: 5 }), hosts: fc.array(fc.constantFrom("a", "b", "ü.example.org"), { maxLength: 4 }), isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const [apps, model] = [new PackedApps(), new Map<string, PackedApp>()];
      for (const { app, hosts, isGone } of changes) {
        const value = entry(`app${app}`, hosts);
        const key = id("app", app);
        const was = model.get(key);
        assert.deepEqual(isGone ? apps.delete(key) : apps.set(key, value), was);
        if (isGone) model.delete(key);
        else model.set(key, value);
      }
      assert.deepEqual(new Map(apps.all()), model);
      assert.equal(apps.size, model.size);
      for (const host of ["a", "b", "ü.example.org", "c"]) {
        const wanted = [...model].filter(([, value]) => value[10].some(([name]) => name === host)).map(([key]) => key);
        assert.deepEqual(
          apps.appsOf(host),
          wanted.sort((one, other) => (one < other ? -1 : 1)),
        );
      }
    }),
  );
});
