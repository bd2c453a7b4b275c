// A request that an edge asks itself, as a client would: what answers it is what answers clients, without a connection of the machine.
import { Duplex } from "node:stream";
import type { OwnAnswer, Proof } from "@slipstream/contract/ports/edge.ts";
import type { ClientSocket } from "./client-connection.ts";

const headEnd = "\r\n\r\n";
/** What is left of an answer, or comes late, may take so long: the connection to the app is kept for clients then. */
const restMs = 1_000;

const fieldOf = (head: string, name: string): string | undefined => new RegExp(`\r\n${name}: ([^\r\n]*)`, "i").exec(head)?.[1];

class OwnSocket extends Duplex implements ClientSocket {
  readonly remoteAddress = "127.0.0.1";
  readonly #answered: (answer: OwnAnswer | undefined) => void;
  readonly #late: NodeJS.Timeout;
  #head: string | undefined = "";

  constructor(text: string, answered: (answer: OwnAnswer | undefined) => void) {
    super();
    this.#answered = answered;
    this.push(text, "latin1");
    this.#late = setTimeout(() => this.destroy(), restMs);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (this.#head !== undefined) this.#take(chunk.toString("latin1"));
    done();
  }

  /** Heads, of which the last one begins the answer. */
  #take(text: string): void {
    let head = `${this.#head}${text}`;
    for (let end = head.indexOf(headEnd); end >= 0; end = head.indexOf(headEnd)) {
      const status = Number(head.slice(9, 12));
      if (status >= 200) {
        this.#answer(status, head.slice(0, end));
        return;
      }
      head = head.slice(end + headEnd.length);
    }
    this.#head = head;
  }

  #answer(status: number, head: string): void {
    this.#head = undefined;
    const deployment = fieldOf(head, "slip-deployment");
    const artifact = fieldOf(head, "slip-artifact");
    this.#answered({ status, ...(deployment === undefined ? {} : { deployment }), ...(artifact === undefined ? {} : { artifact }) });
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#late);
    this.#answered(undefined);
    done(error);
  }

  setKeepAlive(): void {}
  resetAndDestroy(): void {
    this.destroy();
  }
}

/** What answers a request for the proof that comes by HTTPS; undefined where nothing does within `withinMs`. `accept` takes it as a client's connection. */
export const askItself = (
  accept: (socket: ClientSocket) => void,
  { host, path }: Proof,
  of: { proofKey: string; withinMs: number },
): Promise<OwnAnswer | undefined> =>
  new Promise((resolve) => {
    const text = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nslip-prove: ${of.proofKey}\r\nuser-agent: slipstream\r\nconnection: close\r\n\r\n`;
    const late = setTimeout(resolve, of.withinMs, undefined);
    const answered = (answer: OwnAnswer | undefined): void => {
      clearTimeout(late);
      resolve(answer);
    };
    accept(new OwnSocket(text, answered));
  });
