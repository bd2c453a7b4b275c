// A small HTTP server that speaks the contract on a Unix socket, for tests of the CLI where no platform is needed.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { type OperationName, type OutputOf, operations, type ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import { changed, type SourceManifest, sourceDigest } from "@slipstream/contract/source.ts";
import { unpackContents } from "@slipstream/contract/source-pack.ts";

type Answer<N extends OperationName> = OutputOf<N> | AsyncIterable<OutputOf<N>>;
/** What the server answers; an operation that is not here is `not_found`. */
export type Handlers = { [N in OperationName]?: (input: ParsedInputOf<N>) => Answer<N> | Promise<Answer<N>> };

interface Asked {
  name: OperationName;
  input: unknown;
}

const token = "slip_test";

const find = (method: string, path: string): { name: OperationName; fields: Record<string, string> } => {
  for (const [name, entry] of Object.entries(operations)) {
    const match = entry.method === method && new RegExp(`^${entry.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`).exec(path);
    if (match)
      return {
        name: name as OperationName,
        fields: Object.fromEntries(Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])),
      };
  }
  throw new SlipError("not_found", `There is no ${method} ${path}.`);
};

const bodyOf = async (request: http.IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const isLines = (answer: unknown): answer is AsyncIterable<unknown> => typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;

export class TinyPlatform {
  readonly home = mkdtempSync(join(tmpdir(), "slip-cli-"));
  readonly asked: Asked[] = [];
  /** Contents that were sent, by SHA-256. */
  readonly blobs = new Map<string, Buffer>();
  /** By digest. */
  readonly sources = new Map<string, SourceManifest>();
  handlers: Handlers;
  #server: http.Server | undefined;

  constructor(handlers: Handlers = {}) {
    this.handlers = handlers;
    mkdirSync(join(this.home, "run", "control"), { recursive: true });
    writeFileSync(join(this.home, "token"), `${token}\n`);
  }

  start(): Promise<void> {
    this.#server = nodeHttp.createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        const known = error instanceof SlipError ? error : new SlipError("internal", String(error));
        if (response.headersSent) response.destroy();
        else response.writeHead(known.status).end(JSON.stringify(toErrorBody(known)));
      });
    });
    return new Promise((resolve) => this.#server?.listen(join(this.home, "run", "control", "control.sock"), resolve));
  }

  /** As if the process were killed: every connection breaks. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  inputsOf(name: OperationName): unknown[] {
    return this.asked.filter((each) => each.name === name).map(({ input }) => input);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${token}`) throw new SlipError("unauthorized");
    const url = new URL(request.url ?? "/", "http://tiny");
    const { name, fields } = find(request.method ?? "GET", url.pathname);
    const body = await bodyOf(request);
    const more = operations[name].body === "bytes" || body.length === 0 ? {} : (JSON.parse(body.toString()) as object);
    const input = operations[name].input.parse({ ...Object.fromEntries(url.searchParams), ...more, ...fields });
    this.asked.push({ name, input });
    const answer = await this.#answer(name, input, body);
    if (!isLines(answer)) return void response.end(JSON.stringify(answer));
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for await (const line of answer) {
      if (response.destroyed) return;
      if (!response.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
    response.end();
  }

  #answer(name: OperationName, input: unknown, body: Buffer): unknown {
    const handler = this.handlers[name] as ((input: unknown) => unknown) | undefined;
    if (handler) return handler(input);
    if (name === "sources.check") return this.#checkSource(input as ParsedInputOf<"sources.check">);
    if (name === "sources.uploadMany") return this.#keepBlobs(unpackContents(body));
    if (name === "sources.upload") return this.#keepBlob(input as ParsedInputOf<"sources.upload">, body);
    throw new SlipError("not_found", `There is no ${name}.`);
  }

  #checkSource({ base, entries, removed = [] }: ParsedInputOf<"sources.check">): OutputOf<"sources.check"> {
    const before = base === undefined ? { entries: [] } : this.sources.get(base);
    if (!before) throw new SlipError("source_missing", `There is no source ${base} any more.`);
    const manifest = changed(before, { entries, removed });
    this.sources.set(sourceDigest(manifest), manifest);
    const hashes = new Set(manifest.entries.flatMap((entry) => (entry.type === "file" ? [entry.sha256] : [])));
    return { source: sourceDigest(manifest), missing: [...hashes].filter((sha256) => !this.blobs.has(sha256)) };
  }

  #keepBlobs(contents: Buffer[]): OutputOf<"sources.uploadMany"> {
    for (const content of contents) this.blobs.set(createHash("sha256").update(content).digest("hex"), content);
    return { contents: contents.length, sizeBytes: contents.reduce((sum, { length }) => sum + length, 0) };
  }

  #keepBlob({ sha256 }: ParsedInputOf<"sources.upload">, body: Buffer): OutputOf<"sources.upload"> {
    if (createHash("sha256").update(body).digest("hex") !== sha256) throw new SlipError("invalid_input", "The content has another SHA-256.");
    this.blobs.set(sha256, body);
    return { sizeBytes: body.length };
  }
}
