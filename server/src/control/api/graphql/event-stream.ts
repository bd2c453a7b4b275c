// A GraphQL request over server-sent events, in the "distinct connections mode" of the GraphQL over SSE protocol: each result is an
// event `next`, the end is an event `complete`. Subscriptions come no other way.
import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLError, subscribe } from "graphql";
import type { Prepared } from "./prepare.ts";

const encoder = new TextEncoder();
/** Something comes at least this often, so that nothing on the way takes the stream for dead. */
const pingMs = 12_000;

const results = async (prepared: Prepared, args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult>> => {
  const result = await (prepared.operation.operation === "subscription" ? subscribe(args) : execute(args));
  if (Symbol.asyncIterator in result) return result;
  return (async function* () {
    yield result;
  })();
};

const told = (result: ExecutionResult, format: (error: GraphQLError) => GraphQLError): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map(format) } : result;

/** The events, as they come; ends the work when nobody listens any more. */
export const eventStream = async (prepared: Prepared, args: ExecutionArgs, format: (error: GraphQLError) => GraphQLError): Promise<ReadableStream> => {
  const iterator = (await results(prepared, args))[Symbol.asyncIterator]();
  let pings: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(":\n\n"));
      pings = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), pingMs);
    },
    async pull(controller) {
      const { done, value } = await iterator.next().catch((error: unknown) => {
        clearInterval(pings);
        throw error;
      });
      controller.enqueue(encoder.encode(done ? "event: complete\ndata:\n\n" : `event: next\ndata: ${JSON.stringify(told(value, format))}\n\n`));
      if (!done) return;
      clearInterval(pings);
      controller.close();
    },
    async cancel() {
      clearInterval(pings);
      await iterator.return?.();
    },
  });
};

const accepted = (accept: string | undefined): string[] => (accept ?? "").split(",").map((each) => each.split(";")[0]?.trim().toLowerCase() ?? "");

/** A client that takes events and nothing else of ours. */
export const wantsEvents = (accept: string | undefined): boolean => {
  const types = accepted(accept);
  return types.includes("text/event-stream") && !types.some((type) => type.startsWith("application/"));
};
