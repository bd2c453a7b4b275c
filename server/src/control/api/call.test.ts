import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, readingAhead } from "./call.ts";

const call = (): Call => ({}) as Call;

test("what was read ahead is what the handler is given, of its own call alone", async () => {
  const read: string[] = [];
  const handler = readingAhead(
    async (input: string) => {
      read.push(input);
      return read.length;
    },
    async (input, _, reading) => `${input} ${await reading}`,
  );
  const [first, second] = [call(), call()];
  handler.ahead("a", first);
  assert.equal(await handler("b", second), "b 2");
  assert.equal(await handler("a", first), "a 1");
  assert.deepEqual(read, ["a", "b"]);
});

test("a refusal that was met ahead is the handler's, and nobody's where the handler is not asked", async () => {
  const handler = readingAhead(
    () => Promise.reject(new Error("refused")),
    (_, __, reading) => reading,
  );
  const [asked, notAsked] = [call(), call()];
  handler.ahead("", asked);
  handler.ahead("", notAsked);
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(handler("", asked), /refused/);
});
