import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { eventStream } from "./event-stream.ts";
import { type Prepared, prepare } from "./prepare.ts";

async function* breaksOff(): AsyncGenerator<string> {
  yield "one";
  throw new SlipError("unauthorized");
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { nothing: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({ name: "Subscription", fields: { lines: { type: GraphQLString, subscribe: breaksOff, resolve: (line) => line } } }),
});

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

test("a stream that breaks off is over: no sign of life is written to it afterwards", async () => {
  const before = timers();
  const prepared = prepare(schema, { query: "subscription { lines }" }) as Prepared;
  const reader = (await eventStream(prepared, prepared.args, (error) => new GraphQLError(error.message))).getReader();
  const read = async (): Promise<string> => Buffer.from((await reader.read()).value as Uint8Array).toString();
  assert.equal(await read(), ":\n\n");
  assert.match(await read(), /"lines":"one"/);
  assert.equal(timers(), before + 1);
  await assert.rejects(read());
  assert.equal(timers(), before);
});
