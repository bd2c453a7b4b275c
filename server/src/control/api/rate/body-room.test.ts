import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyRoom } from "./body-room.ts";
import { RateLimited } from "./rate-limits.ts";

const limited = (error: unknown): boolean => error instanceof RateLimited && error.retryAfterSeconds === 1;

test("what one token sends at the same time has an end, and leaves room for others", () => {
  const room = new BodyRoom({ ofOne: 10, ofAll: 15 });
  const [first, second, other] = [room.begin("ada"), room.begin("ada"), room.begin("bob")];
  first.take(6);
  second.take(4);
  assert.throws(() => first.take(1), limited);
  assert.throws(() => room.begin("ada").take(1), limited);
  other.take(5);
  assert.throws(() => room.begin("eve").take(1), limited, "the room of all");
  first.end();
  second.take(6);
  assert.throws(() => second.take(1), limited);
});

test("what has ended holds nothing, however often it is told", () => {
  const room = new BodyRoom({ ofOne: 10, ofAll: 10 });
  const { take, end } = room.begin("ada");
  take(10);
  end();
  end();
  room.begin("bob").take(10);
  assert.throws(() => room.begin("ada").take(1), limited);
});
