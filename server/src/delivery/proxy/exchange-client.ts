// The client of one request, as its exchange sees it.

/** What an exchange needs of the client's connection. */
export interface ExchangeClient {
  readonly address: string;
  /** Whom it counts as where clients have shares. */
  readonly network: string;
  readonly secure: boolean;
  /** Field lines that tell the app where the request came from. */
  forwardedFields(host: string): string;
  /** Bytes that came after the head and are not used yet. */
  takeInput(): Buffer | undefined;
  putBack(bytes: Buffer): void;
  /** False = the client does not keep up. */
  send(data: string | Buffer): boolean;
  /** The kernel has taken everything that was sent. */
  readonly flushed: boolean;
  /** The exchange has become ready, or unready, for more of the request. */
  inputChanged(): void;
  setDeadline(inMs: number): void;
  beginTunnel(): void;
  endTunnel(): void;
  /** The answer is whole. */
  finished(keepAlive: boolean): void;
  /** The answer cannot be completed: the connection must not look as if it had been. */
  cut(framed: boolean): void;
}
