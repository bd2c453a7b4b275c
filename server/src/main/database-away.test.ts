import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Deployment } from "@slipstream/contract/words.ts";
import { readConfig } from "#platform/config.ts";
import { type Database, isConnectionError, openDatabase } from "#platform/database.ts";
import { waiting } from "#platform/database-away.ts";
import { connectionOf } from "#platform/postgres.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

/** Stands between a pool and PostgreSQL, and cuts the connection that sent `text`: once the server has answered, but before that is told. */
const cutAfter = async (plane: ControlPlane, text: string): Promise<{ folder: string; close: () => void }> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-cut-"));
  const name = ".s.PGSQL.5432";
  let isCut = false;
  const server = net.createServer((client) => {
    const upstream = net.connect(join(plane.home.postgresSockets, name));
    let isSent = false;
    client.on("data", (chunk) => {
      isSent ||= !isCut && chunk.includes(text);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!isSent) return client.write(chunk);
      isCut = true;
      return client.destroy();
    });
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((done) => server.listen(join(folder, name), done));
  return { folder, close: () => server.close(() => rmSync(folder, { recursive: true })) };
};

describe("a database that goes away", () => {
  let plane: ControlPlane;
  let database: Database;
  const rows = async (): Promise<number[]> => (await database<{ n: number }[]>`select n from marks order by n`).map(({ n }) => n);
  const connection = () => connectionOf(plane.home, readConfig({ SLIP_HOME: plane.home.root }));

  before(async () => {
    plane = await startControlPlane();
    database = waiting(openDatabase(connection(), { max: 3 }));
    await database`create table marks (n integer)`;
  });
  after(async () => {
    await database.end({ timeout: 1 });
    await plane.stop();
  });

  it("no call is told of it, and what is asked for is made once", async () => {
    const asked: Promise<Deployment>[] = [];
    const ask = setInterval(() => {
      const input = { app: `app-${asked.length % 5}`, source: { kind: "git", url: "https://git.invalid/a.git" } } as const;
      const made = plane.client.call("deployments.create", input, { idempotencyKey: `key-${asked.length}` });
      made.catch(() => undefined);
      asked.push(made);
    }, 20);
    for (let times = 0; times < 2; times += 1) {
      await pause(300);
      await plane.kill("postgres");
    }
    clearInterval(ask);
    const made = await Promise.all(asked);
    const [{ count } = { count: 0 }] = await database<{ count: number }[]>`select count(*) from deployments where idempotency_key like 'key-%'`;
    assert.equal(new Set(made.map(({ deployment }) => deployment)).size, asked.length);
    assert.equal(count, asked.length);
  });

  it("a read that is under way is asked again, and so is one with a part that is a statement", async () => {
    const asked = [
      database<{ n: number }[]>`select 1 as n, pg_sleep(0.5)`,
      database<{ n: number }[]>`select 1 as n ${database`where pg_sleep(0.5) is not null`}`,
    ];
    const answers = Promise.all(asked.map(async (statement) => (await statement).map(({ n }) => n)));
    await pause(100);
    await plane.kill("postgres");
    assert.deepEqual(await answers, [[1], [1]]);
  });

  it("a transaction that was not committed is done again, and its work done once", async () => {
    let times = 0;
    const back = await database.begin(async (query) => {
      times += 1;
      await query`insert into marks values (1)`;
      if (times > 1) return undefined;
      const wait = plane.strike("postgres");
      await query`select pg_sleep(5)`;
      return wait;
    });
    assert.deepEqual({ times, rows: await rows(), back }, { times: 2, rows: [1], back: undefined });
  });

  it("nothing is sent over the connection that a transaction lost", async () => {
    const lost = openDatabase(connection(), { max: 1 });
    const work = lost.begin(async (query) => {
      await query`select pg_backend_pid()`;
      plane.strike("postgres");
      await query`select pg_sleep(5)`.catch(() => undefined);
      await query`insert into marks values (9)`;
    });
    await assert.rejects(work, isConnectionError);
    await waiting(lost)`select 1`;
    await lost.end();
    assert.ok(!(await rows()).includes(9));
  });

  it("a transaction whose commit was not answered is not done again", async () => {
    const relay = await cutAfter(plane, "commit");
    const through = waiting(openDatabase({ ...connection(), host: relay.folder } as ReturnType<typeof connection>, { max: 1 }));
    await assert.rejects(
      through.begin(async (query) => {
        await query`insert into marks values (2)`;
      }),
      isConnectionError,
    );
    await through.end({ timeout: 1 });
    relay.close();
    assert.deepEqual(await rows(), [1, 2]);
  });

  it("a change that was under way is not asked again, one that was never sent is", async () => {
    const under = database`insert into marks select 3 from pg_sleep(0.4)`.then(
      () => "made",
      (error: unknown) => isConnectionError(error) && "not known",
    );
    await pause(100);
    const back = plane.strike("postgres");
    await pause(20);
    const anew = waiting(openDatabase(connection(), { max: 1 }));
    await anew`insert into marks values (4)`;
    await anew.end();
    await back();
    assert.equal(await under, "not known");
    assert.deepEqual(await rows(), [1, 2, 4]);
  });
});
