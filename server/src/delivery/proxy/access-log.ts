// One readable line for each request to an app, in the app's own log.
import { limit } from "@slipstream/contract/limits.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { TableApp } from "@slipstream/contract/ports/route-entry.ts";
import { loggedTarget } from "./logged-target.ts";

export interface Access {
  entry: TableApp;
  method: string;
  target: string;
  status: number;
  ms: number;
  bytes: number;
  requestId: string;
  client: string;
  /** Why the edge answered in place of the app, "" when it did not. */
  note: string;
}

const text = (access: Access): string =>
  `${access.method} ${loggedTarget(access.target)} ${access.status} ${access.ms.toFixed(1)} ms ${access.bytes} bytes ${access.requestId} ${access.client}${access.note === "" ? "" : ` (${access.note})`}`;

/** Writes at most `logLinesPerSecond` lines of one app; of the others it says how many they were. */
export class AccessLog {
  readonly #writer: LogWriter;
  readonly #perSecond: number;
  readonly #counts = new Map<string, { lines: number; entry: TableApp }>();

  constructor(writer: LogWriter, perSecond = limit("logLinesPerSecond")) {
    this.#writer = writer;
    this.#perSecond = perSecond;
  }

  append(access: Access): void {
    const { entry } = access;
    const count = this.#counts.get(entry.deployment);
    if (count === undefined) this.#counts.set(entry.deployment, { lines: 1, entry });
    else {
      count.lines += 1;
      if (count.lines > this.#perSecond) return;
    }
    this.#write(entry, text(access));
  }

  /** Call it once a second. */
  tick(): void {
    for (const { lines, entry } of this.#counts.values()) {
      if (lines > this.#perSecond) this.#write(entry, `${lines - this.#perSecond} more requests within a second have no line of their own`);
    }
    this.#counts.clear();
  }

  #write(entry: TableApp, line: string): void {
    const { tenant, project, app, deployment, commit } = entry;
    const time = new Date().toISOString();
    this.#writer.append({ time, source: "edge", stream: "stdout", tenant, project, app, deployment, commit, instance: "", text: line });
  }

  async end(): Promise<void> {
    this.tick();
    await this.#writer.flush();
  }
}
