// Operations that answer line by line, as server-sent events (HTML Living Standard §9.2): each line is an event with an id, and who
// lost the connection goes on behind the last event that it saw.
import { limit } from "@slipstream/contract/limits.ts";
import type { OperationName, OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import type { LinesName } from "./call.ts";

type Line = OutputOf<"logs.read">;

interface Telling<T> {
  event: string;
  /** Gives the id of each line of one stream. */
  ids: () => (value: T) => string;
  /** How one goes on who saw the event with the id `last`; undefined for what is no id of ours. */
  resume: (last: string) => Resumed | undefined;
}
interface Resumed {
  /** Takes the place of what was asked for. */
  input?: Record<string, unknown>;
  /** What comes at the beginning and was seen already. */
  wasSeen: (id: string) => boolean;
  /** No event comes behind that one. */
  isOver?: boolean;
}

const deploymentId = ({ state, phase, phases }: Deployment): string => `${state}:${phase ?? ""}:${phases.length}`;

const deployment: Telling<Deployment> = {
  event: "deployment",
  ids: () => deploymentId,
  resume: (last) => ({ wasSeen: (id) => id === last, isOver: /^(live|failed|cancelled):/.test(last) }),
};

/** A line has no name of its own: it is the so-manieth of its time. */
const lineIds = (): ((line: Line) => string) => {
  let [time, count] = ["", 0];
  return (line) => {
    count = line.time === time ? count + 1 : 1;
    time = line.time;
    return `${time}#${count}`;
  };
};

/** As many lines as a client can ask for: what it missed. */
const missedLines = 100_000;

const line: Telling<Line> = {
  event: "line",
  ids: lineIds,
  resume: (last) => {
    const [, time, count] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,20}Z)#(\d{1,9})$/.exec(last) ?? [];
    if (time === undefined) return undefined;
    const wasSeen = (id: string): boolean => id.startsWith(`${time}#`) && Number(id.slice(time.length + 1)) <= Number(count);
    return { input: { since: time, limit: missedLines }, wasSeen };
  },
};

const tellings: { [N in LinesName]: Telling<OutputOf<N>> } = { "deployments.watch": deployment, "logs.read": line };

const tellingOf = (name: OperationName): Telling<unknown> | undefined =>
  name in tellings ? (tellings[name as LinesName] as unknown as Telling<unknown>) : undefined;

/** The name of an operation's events; undefined for one that does not answer line by line. */
export const eventName = (name: OperationName): string | undefined => tellingOf(name)?.event;

/** Whether an Accept header names events, and not with a weight of 0. */
export const acceptsEvents = (accept = ""): boolean =>
  accept.split(",").some((range) => /^\s*text\/event-stream\s*(;|$)/i.test(range) && !/;\s*q=0(\.0*)?\s*$/i.test(range));

export interface Events {
  /** Takes the place of fields that were asked for. */
  input: Record<string, unknown>;
  /** The body; undefined when there is nothing to come, so that the client does not ask again. */
  body(lines: AsyncIterable<unknown>): ReadableStream<Uint8Array> | undefined;
}

/** How to answer a request that asks for events; undefined for any other. */
export const eventsFor = (name: OperationName, headers: { accept: string | undefined; lastEventId: string | undefined }): Events | undefined => {
  const telling = tellingOf(name);
  if (!telling || !acceptsEvents(headers.accept)) return undefined;
  const resumed = headers.lastEventId === undefined ? undefined : telling.resume(headers.lastEventId);
  return {
    input: resumed?.input ?? {},
    body(lines) {
      if (!resumed?.isOver) return eventStream(lines, telling, resumed?.wasSeen ?? (() => false));
      // One that nobody begins does not come to its end.
      const iterator = lines[Symbol.asyncIterator]();
      void iterator.next().then(() => iterator.return?.(undefined));
      return undefined;
    },
  };
};

/** A client whose connection broke tries again after this. */
const retryMs = 1_000;
const encoder = new TextEncoder();
const signOfLife = encoder.encode(": \n\n");
/** Tells a client that the stream is complete: one that was cut off would be asked for again. */
const end = encoder.encode("event: end\ndata: {}\n\n");

export const eventStream = (
  lines: AsyncIterable<unknown>,
  { event, ids }: Pick<Telling<unknown>, "event" | "ids">,
  wasSeen: (id: string) => boolean,
  keepAliveMs = limit("eventKeepAliveMs"),
): ReadableStream<Uint8Array> => {
  const iterator = lines[Symbol.asyncIterator]();
  const idOf = ids();
  let timer: NodeJS.Timeout | undefined;
  const next = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return undefined;
      const id = idOf(value);
      if (!wasSeen(id)) return encoder.encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
    }
  };
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
      // Only one who reads is told; what nobody reads would pile up.
      timer = setInterval(() => (controller.desiredSize ?? 0) > 0 && controller.enqueue(signOfLife), keepAliveMs).unref();
    },
    async pull(controller) {
      const told = await next().catch((error: unknown) => {
        clearInterval(timer);
        throw error;
      });
      if (told) return controller.enqueue(told);
      clearInterval(timer);
      controller.enqueue(end);
      controller.close();
    },
    async cancel() {
      clearInterval(timer);
      await iterator.return?.(undefined);
    },
  });
};
