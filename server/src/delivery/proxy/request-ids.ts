// Names of requests: unique over processes and restarts, cheap to make.
import { randomBytes } from "node:crypto";

export class RequestIds {
  readonly #prefix = randomBytes(9).toString("base64url").replaceAll("_", "-");
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#prefix}.${this.#count.toString(36)}`;
  }
}
