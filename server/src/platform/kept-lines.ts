// Answers one call over connections that are kept open for it. The other end is contract/src/ports/kept-line.ts.
import type { Socket } from "node:net";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { type KeptAnswer, keptProtocol, numbered, numberOf } from "@slipstream/contract/ports/kept-line.ts";
import { Lines } from "@slipstream/contract/ports/lines.ts";

/** Gives what is written for a question; it never rejects. */
export type AnswerLine = (text: string) => Promise<KeptAnswer>;

const accepted = `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${keptProtocol}\r\n\r\n`;

export class KeptLines {
  readonly #sockets = new Set<Socket>();

  serve(socket: Socket, answer: AnswerLine): void {
    const lines = new Lines();
    this.#sockets.add(socket);
    socket.setTimeout(0);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("data", (piece: Buffer) => {
      for (const line of lines.push(piece)) {
        const { number, begin } = numberOf(line);
        void answer(line.toString("utf8", begin)).then((it) => socket.writable && socket.write(numbered(number, JSON.stringify(it))));
      }
      if (lines.restBytes > limit("requestBytes")) socket.destroy(new SlipError("too_large"));
    });
    socket.write(accepted);
  }

  /** Whoever asks next finds who listens then. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
