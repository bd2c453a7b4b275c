// What a session's streams have said, so that a client whose connection broke hears what it missed. Bounded: the oldest goes first.
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

interface Event {
  id: string;
  stream: string;
  message: JSONRPCMessage;
  bytes: number;
}

/** A priming event says nothing; it only gives a stream its first id. */
const isEmpty = (message: object): boolean => Object.keys(message).length === 0;

export class EventLog implements EventStore {
  readonly #bytesMax: number;
  #events: Event[] = [];
  #bytes = 0;
  #last = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    this.#last += 1;
    const id = String(this.#last);
    const bytes = JSON.stringify(message).length;
    this.#events.push({ id, stream, message, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax && this.#events.length > 1) this.#bytes -= this.#events.shift()?.bytes ?? 0;
    return Promise.resolve(id);
  }

  getStreamIdForEventId(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#events.find((event) => event.id === id)?.stream);
  }

  /** Rejects for an event that is not known (any more): the client cannot go on from there. */
  async replayEventsAfter(lastId: string, { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> }): Promise<string> {
    const stream = await this.getStreamIdForEventId(lastId);
    if (stream === undefined) throw new Error("The event is not known.");
    for (const event of this.#events.filter((each) => each.stream === stream && Number(each.id) > Number(lastId) && !isEmpty(each.message)))
      await send(event.id, event.message);
    return stream;
  }
}
