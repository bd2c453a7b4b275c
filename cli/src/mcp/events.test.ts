import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, eventsOf } from "./events.ts";

async function* bytewise(text: string): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) yield await Promise.resolve(Buffer.from([byte]));
}
const read = async (chunks: AsyncIterable<Buffer>): Promise<Event[]> => Array.fromAsync(eventsOf(chunks));

test("events are read as they come, however they are cut", async () => {
  const text = ': alive\n\nid: 1\nevent: message\ndata: {"a":\ndata: "é"}\n\nid: 2\r\ndata:x\r\n\r\ndata: cut off';
  const expected = [
    { id: undefined, data: "" },
    { id: "1", data: '{"a":\n"é"}' },
    { id: "2", data: "x" },
  ];
  assert.deepEqual(await read(bytewise(text)), expected);
  assert.deepEqual(
    await read(
      (async function* () {
        yield await Promise.resolve(Buffer.from(text));
      })(),
    ),
    expected,
  );
});
