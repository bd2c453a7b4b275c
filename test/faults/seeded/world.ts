// One platform on which many things go wrong, one after the other; with what a test knows of its apps.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@slipstream/contract/client.ts";
import { Installation } from "../../e2e/installation.ts";
import { writeTree } from "../../e2e/sources.ts";

export interface KnownApp {
  name: string;
  /** What each release answers. */
  answers: Map<number, string>;
  /** The release that is live. */
  live: number;
  instances: number;
}

interface State {
  processes: { name: string; pid: number; state: string }[];
}

export class World {
  readonly installation: Installation = new Installation();
  readonly apps = new Map<string, KnownApp>();
  readonly #sources: string = mkdtempSync(join(tmpdir(), "slip-seeded-"));
  #client: Client | undefined;
  #made = 0;

  get home(): string {
    return this.installation.home;
  }
  get client(): Client {
    if (!this.#client) throw new Error("The platform has not been started.");
    return this.#client;
  }

  async start(): Promise<void> {
    await this.installation.up({ SLIP_FAULTS: "1" });
    this.#client = this.installation.client();
  }

  async end(): Promise<void> {
    rmSync(this.#sources, { recursive: true, force: true });
    await this.installation.end();
  }

  /** A text that no release has answered yet. */
  newAnswer(): string {
    this.#made += 1;
    return `answer ${this.#made}`;
  }

  /** The name of an app that there has not been; that of a destroyed one is kept. */
  newName(): string {
    this.#made += 1;
    return `mortal-${this.#made}`;
  }

  /** A folder with the files given. */
  tree(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(this.#sources, "tree-"));
    writeTree(folder, files);
    return folder;
  }

  /** As the supervisor wrote them down. */
  processes(): State["processes"] {
    const { processes } = JSON.parse(readFileSync(join(this.home, "processes/state.json"), "utf8")) as State;
    return processes;
  }

  /** Resolves when every process of the platform answers, and none has the number of the one that was killed. */
  async allReady(killed: number, withinMs = 60_000): Promise<void> {
    for (const until = performance.now() + withinMs; ; await pause(20)) {
      const waiting = this.processes().filter(({ state, pid }) => state !== "ready" || pid === killed);
      if (waiting.length === 0) return;
      if (performance.now() > until) throw new Error(`not ready: ${waiting.map(({ name, state }) => `${name} is ${state}`).join(", ")}`);
    }
  }
}
