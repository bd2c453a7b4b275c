import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { acceptsEvents, eventStream, eventsFor } from "./event-stream.ts";

const textOf = async (stream: ReadableStream<Uint8Array> | undefined): Promise<string> => (stream ? new Response(stream).text() : "");
const each = async function* <T>(...values: T[]) {
  yield* values;
};
const line = (time: string, text: string) => ({ time, text }) as LogLine;
const asked = (lastEventId?: string) => ({ accept: "text/event-stream", lastEventId });
/** Of each event its id, or its name where it has none. */
const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.*)\nevent: |^event: (end)$/gm)].map(([, id, end]) => id ?? end ?? "");

test("events are for those who accept them", () => {
  for (const yes of ["text/event-stream", "application/json;q=0.5, Text/Event-Stream", "text/event-stream;q=0.1"]) assert.ok(acceptsEvents(yes), yes);
  for (const no of [undefined, "", "*/*", "application/x-ndjson", "text/event-stream;q=0", "text/event-stream; q=0.00", "text/event-streams"])
    assert.ok(!acceptsEvents(no), String(no));
  assert.equal(eventsFor("apps.list", asked()), undefined);
});

test("each line is an event with an id, its name and its data, and the end is told", async () => {
  const [first, second] = [line("2026-01-01T00:00:00.000Z", "a\nb"), line("2026-01-01T00:00:00.000Z", "c")];
  const text = await textOf(eventsFor("logs.read", asked())?.body(each(first, second)));
  assert.equal(
    text,
    `retry: 1000\n\nid: ${first.time}#1\nevent: line\ndata: ${JSON.stringify(first)}\n\nid: ${second.time}#2\nevent: line\ndata: ${JSON.stringify(second)}\n\nevent: end\ndata: {}\n\n`,
  );
});

test("one who comes back for a log gets what is behind the last event, also of the same time", async () => {
  const [early, late] = ["2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.002Z"];
  const events = eventsFor("logs.read", asked(`${early}#2`));
  assert.deepEqual(events?.input, { since: early, limit: 100_000 });
  const text = await textOf(events?.body(each(line(early, "1"), line(early, "2"), line(early, "3"), line(late, "4"))));
  assert.deepEqual(idsOf(text), [`${early}#3`, `${late}#1`, "end"]);
  assert.deepEqual(eventsFor("logs.read", asked("2026'; drop#1"))?.input, {}, "an id that is none of ours is nobody's place");
});

test("one who comes back for a deployment is not told the same again, and nothing once it has ended", async () => {
  const running = { state: "running", phase: "build", phases: [] } as unknown as Deployment;
  const live = { state: "live", phases: [{ name: "build", ms: 1 }] } as unknown as Deployment;
  const all = idsOf(await textOf(eventsFor("deployments.watch", asked())?.body(each(running, live))));
  assert.deepEqual(all, ["running:build:0", "live::1", "end"]);
  assert.deepEqual(idsOf(await textOf(eventsFor("deployments.watch", asked(all[0]))?.body(each(running, live)))), ["live::1", "end"]);
  assert.equal(eventsFor("deployments.watch", asked(all[1]))?.body(each(live)), undefined);
});

test("signs of life come while nothing happens, and the lines end with the reader", async () => {
  let ended = false;
  const silent = async function* () {
    try {
      await new Promise((resolve) => setTimeout(resolve, 100));
      yield line("2026-01-01T00:00:00.000Z", "late");
      yield line("2026-01-01T00:00:00.000Z", "never read");
    } finally {
      ended = true;
    }
  };
  const reader = eventStream(silent(), { event: "line", ids: () => () => "1" }, () => false, 5).getReader();
  let text = "";
  while (!text.includes("late")) text += Buffer.from((await reader.read()).value ?? []).toString();
  assert.match(text, /^retry: 1000\n\n(: \n\n)+id: 1\n/);
  await reader.cancel();
  assert.ok(ended);
});

test("a stream that breaks is not told as its end", async () => {
  const breaking = async function* () {
    yield line("2026-01-01T00:00:00.000Z", "one");
    throw new Error("the database is away");
  };
  await assert.rejects(textOf(eventsFor("logs.read", asked())?.body(breaking())));
});
