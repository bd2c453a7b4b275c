import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import { Observation } from "./observed.ts";

const workload = (id: string, of: Partial<Workload> = {}): Workload => ({ id, desire: "running", release: 1, artifact: "sha256:a", instances: [], ...of });
/** All that is there is noted. */
const noted = (observation: Observation, workloads: readonly Workload[]) => observation.answer({ kind: "changed", since: { host: "", change: 0 } }, workloads);
const [one, two, three] = [workload("dep_1"), workload("dep_2"), workload("dep_3")];

test("only what changed since a mark is told, and what has gone", () => {
  const observation = new Observation();
  const { mark } = noted(observation, [one, two]);
  assert.deepEqual(observation.answer({ kind: "changed", since: mark }, [one, two]), { mark, workloads: [], changed: [] });
  const parked = { ...two, desire: "parked" as const };
  const next = observation.answer({ kind: "changed", since: mark }, [one, parked, three]);
  assert.deepEqual(
    [next.workloads, next.changed],
    [
      [parked, three],
      ["dep_2", "dep_3"],
    ],
  );
  const after = observation.answer({ kind: "changed", since: next.mark }, [parked, three]);
  assert.deepEqual([after.workloads, after.changed], [[], ["dep_1"]]);
  assert.deepEqual(
    observation.answer({ kind: "changed", since: mark }, [parked, three]).changed,
    ["dep_2", "dep_3", "dep_1"],
    "whoever asked before is told all",
  );
});

test("one that went and came back is told as it is", () => {
  const observation = new Observation();
  const { mark } = noted(observation, [one]);
  noted(observation, []);
  const back = observation.answer({ kind: "changed", since: mark }, [one]);
  assert.deepEqual([back.workloads, back.changed], [[one], ["dep_1"]]);
});

test("the changes of another process, and those of long ago, are not known", () => {
  const observation = new Observation();
  const { mark } = noted(new Observation(), []);
  assert.equal(observation.answer({ kind: "changed", since: mark }, [one]).changed, undefined);
  const first = noted(observation, []).mark;
  const many = Array.from({ length: 1_001 }, (_, index) => workload(`dep_${index}`));
  noted(observation, many);
  const late = noted(observation, []).mark;
  assert.equal(observation.answer({ kind: "changed", since: first }, []).changed, undefined);
  assert.deepEqual(observation.answer({ kind: "changed", since: late }, []).changed, []);
});

test("what was asked for by its id has a mark that nothing after it is left out of", () => {
  const observation = new Observation();
  const { mark } = observation.answer({ kind: "these", ids: ["dep_2"] }, [one, two]);
  assert.deepEqual(observation.answer({ kind: "changed", since: mark }, [one, two, three]).changed, ["dep_1", "dep_2", "dep_3"]);
});

test("all are told in pieces, by their ids", () => {
  const observation = new Observation();
  const ids = (after: string, upTo?: string) =>
    observation.answer({ kind: "next", after, ...(upTo === undefined ? {} : { upTo }) }, [three, one, two]).workloads.map(({ id }) => id);
  assert.deepEqual([ids("", "dep_1"), ids("dep_1", "dep_2"), ids("dep_2"), ids("dep_3")], [["dep_1"], ["dep_2"], ["dep_3"], []]);
});
