// The edge processes of this machine, found by their sockets.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type Callers, callers } from "@slipstream/contract/ports/calls.ts";
import { edgeCalls, type OwnAnswer, type Proof, type Publication } from "@slipstream/contract/ports/edge.ts";
import { Turns } from "#platform/turns.ts";
import type { News, TableSource } from "./table-source.ts";

const callTimeoutMs = 5_000;
/** A large table takes its time, of which requests go first. */
const digestTimeoutMs = 60_000;

interface Edge {
  calls: Callers<typeof edgeCalls>;
  /** It is brought to one table at a time: parts of two would not fit together. */
  turns: Turns;
}

const listed = (folder: string): string[] => {
  try {
    return readdirSync(folder).filter((name) => /^edge-\d+\.sock$/.test(name));
  } catch {
    return [];
  }
};

/** Which socket it is: an edge that starts makes its own. */
const identityOf = (path: string): string => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${path} ${found.ino} ${found.ctimeMs}` : "";
};

/** A socket that nobody listens on is what a dead edge left behind. */
const isDead = (error: unknown): boolean => error instanceof SlipError && error.code === "unreachable" && /ECONNREFUSED|ENOENT/.test(error.message);

/** An edge that died while it was asked: its successor can be asked again, as every call of ours can. */
const isBrokenOff = (error: unknown): boolean =>
  error instanceof SlipError && error.code === "unreachable" && /ECONNRESET|EPIPE|socket hang up/.test(error.message);

const againMs = 100;
const brokenMs = 10_000;

/** The answer, or nothing from an edge that is dead and does not come back within `returnMs`. */
const askOne = async <T>(call: () => Promise<T>, returnMs: number): Promise<T[]> => {
  for (const begun = performance.now(); ; await sleep(againMs)) {
    try {
      return [await call()];
    } catch (error) {
      const waitedMs = performance.now() - begun;
      if (isDead(error) && waitedMs >= returnMs) return [];
      if (!isDead(error) && (!isBrokenOff(error) || waitedMs >= brokenMs)) throw error;
    }
  }
};

interface Has {
  version: number;
  /** What answers where a proof was asked for. */
  answer?: OwnAnswer | undefined;
}

const send = (edge: Edge, message: Publication): Promise<Has> => edge.calls.publish(message, { timeoutMs: callTimeoutMs });

interface Brought extends Has {
  tookWhole: boolean;
}

export interface Acknowledged {
  edges: number;
  tookWhole: boolean;
  /** What answered the edge that was asked for a proof; undefined where nothing did in time. */
  answer: OwnAnswer | undefined;
}

/** The supervisor starts an edge again within seconds. */
const edgeReturnMs = 5_000;

export class Edges {
  readonly #folder: string;
  readonly #source: TableSource;
  readonly #known = new Map<string, Edge>();

  constructor(folder: string, source: TableSource) {
    this.#folder = folder;
    this.#source = source;
  }

  #all(): Edge[] {
    return listed(this.#folder).map((name) => this.#at(name));
  }

  /** The same as long as no edge has come up. */
  arrivals(): string {
    return listed(this.#folder)
      .map((name) => identityOf(join(this.#folder, name)))
      .join("\n");
  }

  #at(name: string): Edge {
    const edge = this.#known.get(name) ?? { calls: callers(edgeCalls, join(this.#folder, name)), turns: new Turns(1) };
    this.#known.set(name, edge);
    return edge;
  }

  /** Asks every living edge. Dead ones do not count; rejects when a living one fails. */
  async #ask<T>(call: (edge: Edge) => Promise<T>, { returnMs = 0 } = {}): Promise<T[]> {
    return (await Promise.all(this.#all().map((edge) => askOne(() => call(edge), returnMs)))).flat();
  }

  /**
   * Gives how many edges serve the table of the news or a newer one, and whether one was sent the whole table. Rejects when a living edge
   * does not acknowledge. One of them is asked for the proof. News that are a change have gone to all edges when this returns its promise.
   */
  async publish(news: News, proof?: Proof): Promise<Acknowledged> {
    const brought = (await Promise.all(this.#publishing(news, proof))).flat();
    const behind = brought.find(({ version }) => version < news.version);
    if (behind) throw new SlipError("internal", `An edge stays at table ${behind.version}, not ${news.version}.`);
    const answer = brought.find((has) => has.answer !== undefined)?.answer;
    return { edges: brought.length, tookWhole: brought.some(({ tookWhole }) => tookWhole), answer };
  }

  /** Edges that are known go first: to look whether there are others takes as long as to tell one. */
  #publishing(news: News, proof: Proof | undefined): Promise<Brought[]>[] {
    const known = [...this.#known.values()];
    const tell = (edge: Edge, asked?: Proof) => askOne(() => edge.turns.run(() => this.#bring(edge, news, asked)), 0);
    const telling = known.map((edge, index) => tell(edge, index === 0 ? proof : undefined));
    const others = this.#all().filter((edge) => !known.includes(edge));
    return [...telling, ...others.map((edge, index) => tell(edge, known.length + index === 0 ? proof : undefined))];
  }

  /** The news alone, where they fit the table of the edge; else what it lacks. */
  async #bring(edge: Edge, { version, delta }: News, proof?: Proof): Promise<Brought> {
    const has: Has = delta ? await send(edge, proof ? { ...delta, proof } : delta) : await edge.calls.version({}, { timeoutMs: callTimeoutMs });
    if (has.version >= version) return { ...has, tookWhole: false };
    const lacking = await this.#source.since(has.version);
    if (lacking.delta) return { ...(await send(edge, lacking.delta)), tookWhole: false };
    let last: Has = has;
    await this.#source.whole(async (message) => {
      last = await send(edge, message);
    });
    return { version: last.version, tookWhole: true };
  }

  /** Requests that are under way on these deployments, at all edges together. */
  async inFlight(deployments: string[]): Promise<number> {
    const answers = await this.#ask((edge) => edge.calls.inFlight({ deployments }, { timeoutMs: callTimeoutMs }));
    return answers.reduce((sum, answer) => sum + answer.requests, 0);
  }

  /** How long requests of deployments have been under way, of each living edge since it began. */
  loads(deployments: string[]): Promise<{ since: string; requestMs: Record<string, number> }[]> {
    return this.#ask((edge) => edge.calls.loads({ deployments }, { timeoutMs: callTimeoutMs }));
  }

  /** Every living edge writes its lines of an app at once. */
  async followLogs(named: { tenant: string; project: string; app: string }): Promise<void> {
    await this.#ask((edge) => edge.calls.followLogs(named, { timeoutMs: callTimeoutMs }));
  }

  /** Every edge deletes its lines of an app, also one that is just being started again. */
  async removeLogs(named: { tenant: string; project: string; app: string }): Promise<void> {
    await this.#ask((edge) => edge.calls.removeLogs(named, { timeoutMs: callTimeoutMs }), { returnMs: edgeReturnMs });
  }

  /** What each edge serves, by the name of its socket; no digest where nobody listens, and an empty one where nobody answers. */
  async digests(): Promise<{ edge: string; digest: string | undefined }[]> {
    return await Promise.all(
      listed(this.#folder).map(async (name) => {
        const answer = await this.#at(name)
          .calls.digest({}, { timeoutMs: digestTimeoutMs })
          .catch((error: unknown) => {
            if (isDead(error)) return undefined;
            return { digest: "" };
          });
        return { edge: name, digest: answer && (answer.digest ?? "") };
      }),
    );
  }

  /** The oldest table that a living edge has; undefined when none lives. */
  async oldestVersion(): Promise<number | undefined> {
    const answers = await this.#ask((edge) => edge.calls.version({}, { timeoutMs: callTimeoutMs }));
    return answers.length === 0 ? undefined : Math.min(...answers.map((answer) => answer.version));
  }
}
