import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { edgeCalls, type Proof, type Publication } from "@slipstream/contract/ports/edge.ts";
import type { Change, TableMessage } from "@slipstream/contract/ports/route-entry.ts";
import { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { tableIn } from "@slipstream/contract/ports/table-file.ts";
import { TableReceiver } from "@slipstream/contract/ports/table-receiver.ts";
import { serveCalls } from "#platform/calls.ts";
import { logOf } from "#platform/log.ts";
import { Edges } from "./edges.ts";
import { RoutePublisher, type Served } from "./route-publisher.ts";
import type { News, TableSource } from "./table-source.ts";

const platform: Change = { kind: "platform", value: { hosts: [], proofKey: "0".repeat(64) } };

/** A table of versions counted from 1, of which each has one certificate more. */
class Versions implements TableSource {
  version = 1;
  /** Changes are known since this version. */
  completeFrom = 1;
  /** Messages that were read of whole tables. */
  wholes = 0;

  #added(after: number): Change[] {
    const names = Array.from({ length: this.version - after }, (_, index) => `v${after + index + 1}.example.org`);
    return names.map((name) => ({ kind: "certificate", id: name, value: { names: [name], certificate: name, key: name } }));
  }

  /** What was asked since the last time that somebody looked. */
  questions = 0;

  read = (from: number): News => {
    const { version } = this;
    if (from < this.completeFrom) return { version, delta: undefined };
    return { version, delta: { kind: "delta", from, to: version, changes: this.#added(from) } };
  };

  since = async (from: number): Promise<News> => {
    this.questions += 1;
    return this.read(from);
  };

  table(): RouteTable {
    const table = new RouteTable();
    table.apply([platform, ...this.#added(0)]);
    table.version = this.version;
    return table;
  }

  whole = async (take: (message: TableMessage) => Promise<void>): Promise<void> => {
    this.wholes += 1;
    for (const message of this.table().messages()) await take(message);
  };
}

const answer = { status: 204, deployment: "dep_of_the_answer" };

/** An edge as a process that takes every table, and calls `asked` before it takes the first message. */
const startEdge = async (context: TestContext, socketPath: string, asked: () => Promise<void> = async () => {}) => {
  const receiver = new TableReceiver();
  const taken: string[] = [];
  const proofs: Proof[] = [];
  const handlers = {
    publish: async (message: Publication) => {
      if (taken.push(message.kind) === 1) await asked();
      receiver.take(message);
      const proof = message.kind === "delta" ? message.proof : undefined;
      if (proof) proofs.push(proof);
      return { version: receiver.version, ...(proof ? { answer } : {}) };
    },
    inFlight: async () => ({ requests: 0 }),
    loads: async () => ({ since: "", requestMs: {} }),
    digest: async () => ({}),
    version: async () => ({ version: receiver.version }),
    followLogs: async () => ({}),
    removeLogs: async () => ({}),
    status: async () => ({ version: receiver.version, connections: 0, requests: 0 }),
  };
  const server = await serveCalls(edgeCalls, handlers, { socketPath, log: logOf("test") });
  const end = (): void => {
    server.close();
    server.closeAllConnections();
  };
  context.after(end);
  return { served: () => receiver.version, digest: () => receiver.table?.digest, taken, proofs, end };
};

/** An empty folder for edges, and a publisher of versions. */
const world = (context: TestContext, { isOpen = true } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-routes-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "table.json");
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const source = new Versions();
  const another = (): RoutePublisher => new RoutePublisher({ path, edges: new Edges(folder, source), log, source });
  const publisher = another();
  if (isOpen) publisher.open();
  const change = (of = publisher): Promise<number> => {
    source.version += 1;
    return of.publish();
  };
  return {
    path,
    publisher,
    another,
    source,
    change,
    warnings,
    socket: (name: string) => join(folder, `${name}.sock`),
    onDisk: () => tableIn(readFileSync(path)),
  };
};

test("nothing is published before the addresses are known to be of this start of the machine", async (context) => {
  const { publisher, socket } = world(context, { isOpen: false });
  const { served } = await startEdge(context, socket("edge-0"));
  const publishing = publisher.publish();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(served(), 0);
  publisher.open();
  assert.equal(await publishing, 1);
  assert.equal(served(), 1);
});

test("a full disk holds up no switch: edges have the table, and the disk gets it later", async (context) => {
  const { path, publisher, change, warnings, socket, onDisk } = world(context);
  const { served } = await startEdge(context, socket("edge-0"));
  const full = `${path}.${process.pid}.new`;
  symlinkSync("/dev/full", full);
  assert.equal(await publisher.publish(), 1);
  assert.equal(await change(), 2);
  assert.deepEqual([served(), publisher.isWritten, existsSync(path), warnings.length], [2, false, false, 1]);
  rmSync(full);
  await publisher.publish();
  assert.equal(publisher.isWritten, true);
  assert.equal(onDisk()?.table.version, 2);
});

test("an edge that comes up while the others are told has the table when the publisher is done", async (context) => {
  const { publisher, socket } = world(context);
  const late = Promise.withResolvers<{ served: () => number }>();
  await startEdge(context, socket("edge-0"), async () => late.resolve(await startEdge(context, socket("edge-1"))));
  await publisher.publish();
  assert.equal((await late.promise).served(), 1);
});

test("a change is sent and written alone, and the whole is read no more", async (context) => {
  const { publisher, source, change, socket, onDisk } = world(context);
  const { taken, digest } = await startEdge(context, socket("edge-0"));
  await publisher.publish();
  const [before, wholes] = [onDisk(), source.wholes];
  taken.length = 0;
  await change();
  await change();
  assert.deepEqual([taken, source.wholes, digest()], [["delta", "delta"], wholes, source.table().digest]);
  const after = onDisk();
  assert.equal(after?.table.digest, source.table().digest);
  assert.equal(after.wholeBytes, before?.wholeBytes);
});

test("another control process goes on from what edges have", async (context) => {
  const { publisher, another, source, change, socket, onDisk } = world(context);
  const { taken, digest } = await startEdge(context, socket("edge-0"));
  await publisher.publish();
  taken.length = 0;
  const [next, wholes] = [another(), source.wholes];
  next.open();
  await change(next);
  assert.deepEqual([taken, digest(), onDisk()?.table.digest], [["delta"], source.table().digest, source.table().digest]);
  assert.equal(source.wholes, wholes, "the file is gone on with");
});

test("another control process writes a file anew that is damaged, or ahead of PostgreSQL", async (context) => {
  const { path, publisher, another, source, change, socket, onDisk } = world(context);
  await startEdge(context, socket("edge-0"));
  await publisher.publish();
  await change();
  const flipped = readFileSync(path);
  flipped[150] = (flipped[150] ?? 0) ^ 1;
  const loseOne = (): void => {
    source.version -= 1;
  };
  const damages = [() => writeFileSync(path, flipped), () => truncateSync(path, statSync(path).size - 1), loseOne];
  for (const damage of damages) {
    damage();
    const next = another();
    next.open();
    await next.publish();
    assert.deepEqual([onDisk()?.table.digest, onDisk()?.wholeBytes], [source.table().digest, statSync(path).size]);
  }
});

test("an edge that lacks more is sent all that it lacks: as changes while they are known, else as a whole", async (context) => {
  const { publisher, another, source, change, socket } = world(context);
  const old = await startEdge(context, socket("edge-0"));
  await publisher.publish();
  const path = socket("edge-0");
  renameSync(path, `${path}.away`);
  const other = await startEdge(context, socket("edge-1"));
  // One that has told the old edge nothing yet, and does not find it.
  const next = another();
  next.open();
  await change(next);
  await change(next);
  old.taken.length = 0;
  renameSync(`${path}.away`, path);
  await change(next);
  assert.deepEqual([old.taken, old.digest(), other.digest()], [["delta", "delta"], source.table().digest, source.table().digest]);
  source.version += 1;
  source.completeFrom = source.version;
  old.taken.length = 0;
  await next.publish();
  assert.deepEqual([old.taken, old.digest(), other.digest()], [["begin", "part", "end"], source.table().digest, source.table().digest]);
});

test("a file that somebody cut off or took away is written anew with the next change", async (context) => {
  const { path, publisher, source, change, socket, onDisk } = world(context);
  await startEdge(context, socket("edge-0"));
  await publisher.publish();
  for (const damage of [() => truncateSync(path, 100), () => rmSync(path)]) {
    damage();
    await change();
    assert.equal(onDisk()?.table.digest, source.table().digest);
  }
});

test("the file is written anew when its changes have outgrown the table", async (context) => {
  const { path, publisher, source, change, socket, onDisk } = world(context);
  await startEdge(context, socket("edge-0"));
  await publisher.publish();
  const wholes = source.wholes;
  const sizes: number[] = [];
  const manyAtOnce = 1_500;
  for (let round = 0; round < 6; round += 1) {
    source.version += manyAtOnce - 1;
    await change();
    sizes.push(statSync(path).size);
    assert.equal(onDisk()?.table.digest, source.table().digest);
  }
  assert.ok(source.wholes > wholes && source.wholes < wholes + 6, `${source.wholes - wholes} of 6, ${sizes.join(" ")} bytes`);
});

test("one edge is asked for the proof of a change, once it has that, and its answer is given; where several share a table, nobody is", async (context) => {
  const { publisher, source, socket } = world(context);
  const edges = [await startEdge(context, socket("edge-0")), await startEdge(context, socket("edge-1"))];
  await publisher.publish();
  const proof = { host: "app.example.org", path: "/" };
  const serveNext = (): Promise<Served> => {
    source.version += 1;
    const from = publisher.served;
    return publisher.serve({ from, changed: { version: source.version, isKnown: true, apps: new Map(), certificates: [] }, proof });
  };
  const alone = await serveNext();
  await alone.written;
  assert.deepEqual(alone.answer, answer);
  assert.deepEqual(
    edges.map(({ proofs }) => proofs),
    [[proof], []],
  );
  const [, second, third] = [serveNext(), serveNext(), serveNext()];
  assert.deepEqual([(await second).answer, (await third).answer], [undefined, undefined]);
  await (await third).written;
});

test("what was read with a change is sent and written without a question; what was read of another version is not", async (context) => {
  const { publisher, source, socket, onDisk } = world(context);
  const { taken, served } = await startEdge(context, socket("edge-0"));
  await publisher.publish();
  const serve = async (from: number): Promise<void> => {
    [source.version, source.questions] = [source.version + 1, 0];
    const { written } = await publisher.serve({ from, changed: { version: source.version, isKnown: true, apps: new Map(), certificates: [] } });
    await written;
  };
  await serve(1);
  assert.deepEqual([source.questions, taken.at(-1), served(), onDisk()?.table.version], [0, "delta", 2, 2]);
  await serve(1);
  assert.deepEqual([source.questions, taken.at(-1), served(), onDisk()?.table.version], [1, "delta", 3, 3]);
});
