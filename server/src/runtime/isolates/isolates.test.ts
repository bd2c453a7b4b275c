// Functions of one project in one process of workerd, in real sandboxes of each kind.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { placeIn } from "@slipstream/contract/ports/function-address.ts";
import type { Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { execOrThrow } from "#platform/exec.ts";
import { newId } from "#platform/ids.ts";
import { Cgroup, childGroups, groupOf } from "../sandboxes/cgroup.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../testing/runtime-fixture.ts";
import { storeFunction } from "../testing/trial-image.ts";
import { rest as restAt, wake as wakeAt } from "./line.ts";
import { controlPort, portOf } from "./places.ts";
import { ProcessRecord } from "./record.ts";

const program = `
import { connect } from "cloudflare:sockets";
import { abortIsolate } from "cloudflare:workers";
let count = 0;
const reach = async (url) => {
  try {
    return String((await fetch(url, { signal: AbortSignal.timeout(2_000) })).status);
  } catch (error) {
    return error.name + ": " + error.message;
  }
};
const paths = {
  "/count": () => new Response(String(++count)),
  "/env": (request, env) => Response.json({ env, url: request.url, names: Object.keys(process.env) }),
  "/say": (request) => { console.log("it says", { a: 1 }, "two\\nlines"); console.error("and " + new URL(request.url).searchParams.get("what")); return new Response(); },
  "/loop": () => { for (;;); },
  "/fill": () => { const all = []; for (;;) all.push(new Array(1e6).fill(count++)); },
  "/reach": async (request) => new Response(await reach(new URL(request.url).searchParams.get("url"))),
  "/connect": async (request) => {
    const { searchParams } = new URL(request.url);
    try {
      await connect({ hostname: searchParams.get("host"), port: Number(searchParams.get("port")) }).opened;
      return new Response("connected");
    } catch (error) {
      return new Response("refused");
    }
  },
  "/end": () => abortIsolate("It ends itself."),
  "/hang": () => new Promise(() => {}),
  "/break": () => new Response(new ReadableStream({ async pull(controller) { controller.enqueue(new TextEncoder().encode("a")); await new Promise((done) => setTimeout(done, 20)); throw new Error("secret words\\nof a broken stream"); } })),
  "/slow": async () => { await new Promise((done) => setTimeout(done, 700)); return new Response("slow"); },
  "/socket": () => { const [client, server] = Object.values(new WebSocketPair()); server.accept(); server.addEventListener("message", ({ data }) => server.send("heard " + data)); return new Response(null, { status: 101, webSocket: client }); },
  "/stream": () => { const { readable, writable } = new TransformStream(); const writer = writable.getWriter(); void (async () => { for (const part of ["a", "b", "c"]) { await writer.write(new TextEncoder().encode(part)); await new Promise((done) => setTimeout(done, 100)); } await writer.close(); })(); return new Response(readable); },
};
export default { fetch: (request, env, context) => (paths[new URL(request.url).pathname] ?? (() => new Response("hello")))(request, env, context) };
export const scheduled = { fetch: async (request) => Response.json({ outcome: "done", query: new URL(request.url).search }) };
`;

/** With its address as others connect to it. */
const atPlace = (instance: Instance | undefined): Instance | undefined => instance && { ...instance, address: placeIn(instance.address) };

const firstLines = (fixture: RuntimeFixture, of: WorkloadSpec): string[] =>
  fixture.lines.filter(({ deployment }) => deployment === of.id).map(({ text }) => text);

// crun and runc make the same sandbox.
for (const { by, kind, crun } of sandboxWays.filter(({ by: name }) => name !== "runc"))
  describe(`functions in isolates, by ${by}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact = "";
    before(async () => {
      fixture = await runtimeFixture({ crun, functionsIdleMs: 500 });
      artifact = await storeFunction(fixture.home, program);
    });
    after(() => fixture.close());

    const spec = (more: Partial<WorkloadSpec> = {}): WorkloadSpec => workload(artifact, kind, { env: { WORD: "word" }, secretNames: [], ...more });
    const start = async (of: WorkloadSpec): Promise<Instance> => {
      const result = await fixture.runtime.workloads.ensure(of);
      assert.equal(result.outcome, "ready", JSON.stringify(result));
      return atPlace(result.outcome === "ready" ? result.workload.instances[0] : undefined) ?? assert.fail();
    };
    const instanceOf = ({ id }: WorkloadSpec): Instance | undefined => atPlace(fixture.runtime.workloads.list().find((it) => it.id === id)?.instances[0]);
    const untilAtRest = (of: WorkloadSpec) =>
      eventually(() => {
        fixture.runtime.workloads.look();
        return instanceOf(of)?.state === "stopped" || undefined;
      }, "it rests");
    const remove = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.remove(id, 0);
    const groups = (): number => childGroups(groupOf(fixture.installation)).length;
    const hostOf = (address: string): string => address.split(":")[0] ?? "";

    it("those of a project share a process, a control group and a network; another project has its own, and another tenant", async () => {
      const { tags } = spec();
      const [one, two] = [spec(), spec()];
      const others = [spec({ tags: { ...tags, tenant: "other" } }), spec({ tags: { ...tags, project: "other" } })];
      const [a, b] = [await start(one), await start(two)];
      assert.equal(hostOf(a.address), hostOf(b.address));
      assert.notEqual(a.address, b.address);
      for (const other of others) assert.notEqual(hostOf((await start(other)).address), hostOf(a.address));
      assert.equal(groups(), 3);
      await get(a.address, "/count");
      assert.deepEqual([await get(a.address, "/count"), await get(b.address, "/count")], ["2", "1"]);
      await Promise.all([one, two, ...others].map(remove));
      assert.equal(groups(), 0);
      assert.deepEqual(readdirSync(fixture.home.instances), []);
    });

    it("what was made with a grant is in processes of that grant, whoever starts it", async () => {
      const [one, other] = [newId("grt"), newId("grt")];
      const all = [spec(), spec({ account: one }), spec({ codeBy: one }), spec({ account: other, codeBy: one }), spec({ account: other })];
      const hosts: string[] = [];
      for (const each of all) hosts.push(hostOf((await start(each)).address));
      assert.equal(new Set(hosts).size, all.length);
      const again = spec({ codeBy: one });
      assert.equal(hostOf((await start(again)).address), hosts[2]);
      await Promise.all([...all, again].map(remove));
      assert.equal(groups(), 0);
    });

    it("each has its own variables, and none of the platform's plumbing", async () => {
      const [one, two] = [spec(), spec({ env: { WORD: "other", KEY: "s3cret" }, secretNames: ["KEY"] })];
      const [a, b] = [await start(one), await start(two)];
      const seen = async ({ address }: Instance) => JSON.parse(await get(address, "/env"));
      const own = { SLIP_APP: "shop", SLIP_RELEASE: "1", SLIP_COMMIT: "abc" };
      const { env, url, names } = await seen(a);
      assert.deepEqual(env, { ...own, WORD: "word", SLIP_DEPLOYMENT: one.id, SLIP_INSTANCE: a.instance });
      assert.equal(url, `http://${a.address}/env`);
      assert.deepEqual(new Set(names), new Set(Object.keys(env)));
      assert.deepEqual((await seen(b)).env, { ...own, WORD: "other", KEY: "s3cret", SLIP_DEPLOYMENT: two.id, SLIP_INSTANCE: b.instance });
      await Promise.all([one, two].map(remove));
    });

    it("a module that has the name of what marks its lines does not take its place", async () => {
      const modules = ["function", "slip-marking"].map((name) => ({ name, kind: "esModule" as const, file: "function.mjs" }));
      const of = spec({ artifact: await storeFunction(fixture.home, program, { modules }) });
      await get((await start(of)).address, "/say?what=one");
      await eventually(() => firstLines(fixture, of).length >= 3 || undefined, "its lines are in the log");
      await remove(of);
    });

    it("a line is of the function that wrote it, without its secrets, whatever it looks like", async () => {
      const [one, two] = [spec(), spec({ env: { KEY: "s3cret-value" }, secretNames: ["KEY"] })];
      const [a, b] = [await start(one), await start(two)];
      await get(a.address, "/say?what=one");
      await get(b.address, "/say?what=s3cret-value");
      await eventually(() => firstLines(fixture, two).length >= 3 || undefined, "its lines are in the log");
      assert.deepEqual(new Set(firstLines(fixture, one)), new Set(["it says { a: 1 } two", "lines", "and one"]));
      assert.deepEqual(new Set(firstLines(fixture, two)), new Set(["it says { a: 1 } two", "lines", "and [redacted]"]));
      await Promise.all([one, two].map(remove));
    });

    it("what workerd says of one is in no other's log, and that it has hung in its own", async () => {
      const [one, two] = [spec(), spec()];
      const [a, b] = [await start(one), await start(two)];
      await assert.rejects(get(a.address, "/break"));
      assert.equal(await get(a.address, "/hang"), "Internal Server Error");
      await get(b.address, "/say?what=two");
      await eventually(() => firstLines(fixture, one).some((line) => line.includes("had hung")) || undefined, "it says that it has hung");
      await eventually(() => firstLines(fixture, two).length >= 3 || undefined, "its lines are in the log");
      assert.deepEqual(new Set(firstLines(fixture, two)), new Set(["it says { a: 1 } two", "lines", "and two"]));
      await Promise.all([one, two].map(remove));
      assert.ok(!firstLines(fixture, two).some((line) => line.includes("workerd")), "nor that the other was ended");
    });

    it("one that ends itself is started again as a program is, and others stay", async () => {
      const [one, two] = [spec(), spec()];
      const [a, b] = [await start(one), await start(two)];
      await Promise.all([get(a.address, "/count"), get(b.address, "/count")]);
      assert.equal(await get(a.address, "/end"), "Internal Server Error");
      assert.match(await get(a.address, "/count"), /Nothing is here/);
      await eventually(() => (instanceOf(one)?.restarts === 1 && instanceOf(one)?.state === "ready") || undefined, "it is back");
      assert.deepEqual([await get(a.address, "/count"), await get(b.address, "/count")], ["1", "2"]);
      assert.equal(instanceOf(two)?.restarts, 0);
      await Promise.all([one, two].map(remove));
    });

    it("one streams and speaks WebSocket", async () => {
      const of = spec();
      const { address } = await start(of);
      assert.equal(await get(address, "/stream"), "abc");
      const socket = new WebSocket(`ws://${address}/socket`);
      const heard = new Promise<string>((resolve, reject) => {
        socket.onopen = () => socket.send("you");
        socket.onmessage = ({ data }) => resolve(String(data));
        socket.onerror = () => reject(new Error("The socket failed."));
      });
      assert.equal(await heard, "heard you");
      socket.close();
      await remove(of);
    });

    it("one that ends itself is not there any more for who is connected to it", async () => {
      const of = spec();
      const { address } = await start(of);
      const socket = new WebSocket(`ws://${address}/socket`);
      await new Promise((resolve) => socket.addEventListener("open", resolve));
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      await get(address, "/end");
      // The next who asks finds that it has ended.
      await get(address, "/count");
      await closed;
      await eventually(() => instanceOf(of)?.state === "ready" || undefined, "it is back");
      await remove(of);
    });

    it("one that is removed ends with its open sockets, and the others' stay", async () => {
      const all = [spec(), spec()];
      const [one, two] = all as [WorkloadSpec, WorkloadSpec];
      const sockets = await Promise.all(all.map(async (of) => new WebSocket(`ws://${(await start(of)).address}/socket`)));
      const hear = (socket: WebSocket): Promise<string> =>
        new Promise((resolve, reject) => {
          socket.onmessage = ({ data }) => resolve(String(data));
          socket.onclose = () => reject(new Error("closed"));
          if (socket.readyState === socket.OPEN) socket.send("you");
          else socket.onopen = () => socket.send("you");
        });
      assert.deepEqual(await Promise.all(sockets.map(hear)), ["heard you", "heard you"]);
      const [first, second] = sockets as [WebSocket, WebSocket];
      const closed = new Promise((resolve) => first.addEventListener("close", resolve));
      await remove(one);
      await closed;
      assert.equal(await hear(second), "heard you");
      second.close();
      await remove(two);
    });

    it("none reaches another, itself, or what loads it", async () => {
      const [one, two] = [spec(), spec()];
      const [a, b] = [await start(one), await start(two)];
      const host = hostOf(a.address);
      const { held } = await fixture.runtime.inspect();
      const network = held.sandboxes.find(({ sandbox }) => sandbox === a.instance)?.network ?? "";
      await execOrThrow(["ip", "-n", network, "address", "add", "198.51.100.7/32", "dev", "lo"]);
      const [, port] = b.address.split(":");
      assert.equal(await get(a.address, `/reach?url=${encodeURIComponent(`http://198.51.100.7:${port}/`)}`), "200", "it can reach anything at all");
      for (const url of [
        `http://${b.address}/`,
        `http://${host}:${controlPort}/0`,
        `http://127.0.0.1:${controlPort}/`,
        `http://[::1]:${controlPort}/`,
        "http://localhost:10000/",
      ])
        assert.doesNotMatch(await get(a.address, `/reach?url=${encodeURIComponent(url)}`), /^\d+$/, url);
      const connects = (to: string): Promise<string> => get(a.address, `/connect?host=${encodeURIComponent(to)}&port=${port}`);
      assert.equal(await connects("198.51.100.7"), "connected", "it can open a connection at all");
      for (const to of [host, "127.0.0.1", "::1", "localhost"]) assert.equal(await connects(to), "refused", to);
      const asked = await new Promise<number | undefined>((resolve, reject) => {
        http
          .get({ host, port: controlPort, path: "/", agent: false, headers: { authorization: "guessed" } }, (response) => resolve(response.resume().statusCode))
          .on("error", reject);
      });
      assert.equal(asked, 401, "nobody asks it without the secret");
      await Promise.all([one, two].map(remove));
    });

    it("one that cannot be loaded fails with its own words, and others stay", async () => {
      const good = spec();
      const { address } = await start(good);
      const bad = spec({ artifact: await storeFunction(fixture.home, 'throw new TypeError("at its first line"); export default {}') });
      const result = await fixture.runtime.workloads.ensure(bad);
      assert.equal(result.outcome, "failed");
      const failure = result.outcome === "failed" ? result.failure : assert.fail();
      assert.equal(failure.code, "exited");
      assert.match(failure.evidence.join("\n"), /^service function: Uncaught TypeError: at its first line/m);
      assert.equal(await get(address, "/"), "hello");
      await remove(good);
      assert.deepEqual(readdirSync(fixture.home.instances), []);
    });

    it("one that never ends while it is loaded says so in the report, and the next one is loaded", async () => {
      const bad = spec({ artifact: await storeFunction(fixture.home, "for (;;); export default {}") });
      const result = await fixture.runtime.workloads.ensure(bad);
      const failure = result.outcome === "failed" ? result.failure : assert.fail();
      assert.equal(failure.code, "exited");
      assert.match(failure.evidence.join("\n"), /^While it was loaded a function computed for 2 s without a pause, 3 times/m);
      const good = spec();
      assert.equal(await get((await start(good)).address, "/"), "hello");
      await remove(good);
    });

    it("one that computes without a pause ends the process; all come back where they were", async () => {
      const [one, two] = [spec(), spec()];
      const [a, b] = [await start(one), await start(two)];
      await assert.rejects(get(a.address, "/loop", 30_000));
      await eventually(
        () => (instanceOf(two)?.restarts === 1 && instanceOf(one)?.restarts === 1 && instanceOf(two)?.state === "ready") || undefined,
        "both are back",
      );
      assert.equal(instanceOf(two)?.address, b.address);
      assert.equal(await get(b.address, "/count"), "1");
      const told = fixture.lines.filter(({ deployment, text }) => deployment === one.id && text.includes("without a pause"));
      assert.deepEqual(
        told.map(({ source }) => source),
        ["platform"],
        "it is no word of the function",
      );
      await Promise.all([one, two].map(remove));
    });

    it("one that is loaded when another ends the process is loaded all the same", async () => {
      const [one, two] = [spec(), spec()];
      const { address } = await start(one);
      const looping = get(address, "/loop", 30_000);
      const [, started] = await Promise.all([assert.rejects(looping), start(two)]);
      assert.equal(await get(started.address, "/"), "hello");
      assert.equal(instanceOf(two)?.restarts, 0);
      await Promise.all([one, two].map(remove));
    });

    it("one that has not answered when another ends the process is loaded again, and has not failed", async () => {
      const slow = "let at; export default { fetch() { at ??= Date.now(); return new Response('slow', { status: Date.now() - at > 1_000 ? 200 : 503 }); } };";
      const [one, two] = [spec(), spec({ artifact: await storeFunction(fixture.home, slow) })];
      const { address } = await start(one);
      const starting = start(two);
      const [host] = address.split(":");
      const isLoaded = async () => (await get(`${host}:${portOf(1)}`, "/").catch(() => "")) === "slow" || undefined;
      await eventually(isLoaded, "it is loaded");
      assert.equal(instanceOf(two)?.state, "starting");
      await assert.rejects(get(address, "/loop", 30_000));
      assert.equal(await get((await starting).address, "/"), "slow");
      assert.equal(instanceOf(two)?.restarts, 0);
      await eventually(() => instanceOf(one)?.state === "ready" || undefined, "the other is back");
      await Promise.all([one, two].map(remove));
    });

    it("they outlive the host process, and are looked after by the next one", async () => {
      const [one, two] = [spec(), spec()];
      const [a, b] = [await start(one), await start(two)];
      await Promise.all([get(a.address, "/count"), get(b.address, "/count")]);
      await fixture.succeed();
      assert.equal(await get(a.address, "/count"), "2");
      await get(b.address, "/say?what=after");
      await eventually(() => firstLines(fixture, two).includes("and after") || undefined, "its lines are in the log");
      const next = spec();
      assert.equal(hostOf((await start(next)).address), hostOf(a.address));
      await remove(next);
      await assert.rejects(get(a.address, "/fill", 60_000));
      await eventually(() => instanceOf(two)?.state === "backoff" || (instanceOf(two)?.restarts ?? 0) > 0 || undefined, "the process has ended");
      await eventually(() => instanceOf(two)?.state === "ready" || undefined, "it is back");
      assert.equal(await get(b.address, "/count"), "1");
      await Promise.all([one, two].map(remove));
      assert.equal(groups(), 0);
      assert.deepEqual(readdirSync(fixture.home.instances), []);
    });

    it("they come back when the process ended while no host process was there", async () => {
      const [one, two] = [spec(), spec({ sleep: { afterMs: 200, stopMs: 200 } })];
      const [a, b] = [await start(one), await start(two)];
      await eventually(() => {
        fixture.runtime.workloads.look();
        return instanceOf(two)?.state === "stopped" || undefined;
      }, "one rests");
      const [process = ""] = childGroups(groupOf(fixture.installation));
      await fixture.runtime.close(false);
      new Cgroup(process).kill();
      await fixture.succeed();
      const isBack = () => (instanceOf(one)?.state === "ready" && instanceOf(one)?.restarts === 1) || undefined;
      await Promise.all([eventually(isBack, "it is back"), fixture.runtime.workloads.wake(two.id)]);
      assert.deepEqual([await get(a.address, "/"), await get(b.address, "/")], ["hello", "hello"]);
      await Promise.all([one, two].map(remove));
      assert.equal(groups(), 0);
    });

    const rests = (more: Partial<WorkloadSpec> = {}) => spec({ sleep: { afterMs: 200, stopMs: 200 }, ...more });

    it("is put to rest alone, and woken at the same address; the process ends with its last", async () => {
      const [one, two] = [rests(), spec()];
      const [a, b] = [await start(one), await start(two)];
      await get(a.address, "/count");
      await untilAtRest(one);
      assert.equal(await get(b.address, "/"), "hello");
      await fixture.runtime.workloads.wake(one.id);
      assert.equal(instanceOf(one)?.address, a.address);
      assert.equal(await get(a.address, "/count"), "1");
      await Promise.all([one, two].map(remove));
      assert.equal(groups(), 0);
    });

    it("a request to one at rest loads it and is answered; what the host wakes is what the request has loaded", async () => {
      const one = rests({ env: { KEY: "s3cret-value" }, secretNames: ["KEY"] });
      const { address } = await start(one);
      await get(address, "/count");
      await untilAtRest(one);
      assert.deepEqual(await Promise.all(Array.from({ length: 3 }, () => get(address, "/count"))).then((all) => all.sort()), ["1", "2", "3"]);
      await get(address, "/say?what=s3cret-value");
      await fixture.runtime.workloads.wake(one.id);
      assert.equal(await get(address, "/count"), "4");
      const text = await eventually(() => firstLines(fixture, one).find((line) => line.startsWith("and ")), "what it said before it was woken is in its log");
      assert.equal(text, "and [redacted]");
      assert.equal(JSON.parse(await get(address, "/env")).env.KEY, "s3cret-value");
      await remove(one);
    });

    it("one that is put to rest again, and removed as it rests, leaves nothing that a request could load", async () => {
      const [one, two] = [rests(), spec()];
      const [{ address }] = [await start(one), await start(two)];
      for (const _ of ["once", "twice"]) {
        await untilAtRest(one);
        assert.equal(await get(address, "/count"), "1");
        await fixture.runtime.workloads.wake(one.id);
      }
      await untilAtRest(one);
      await remove(one);
      assert.match(await get(address, "/"), /Nothing is here/);
      await remove(two);
    });

    it("one with more code than a process keeps of those at rest waits for the host", async () => {
      const large = await storeFunction(fixture.home, `${program}// ${"x".repeat(limit("functionsKeptBytes"))}`);
      const one = rests({ artifact: large });
      const { address } = await start(one);
      await untilAtRest(one);
      assert.match(await get(address, "/"), /Nothing is here/);
      await fixture.runtime.workloads.wake(one.id);
      assert.equal(await get(address, "/count"), "1");
      await remove(one);
    });

    it("what cannot be loaded by a request answers it with nothing, and says why to the host", async () => {
      const one = spec();
      const { address } = await start(one);
      const [name = ""] = readdirSync(fixture.home.instances).filter((each) => existsSync(join(fixture.home.instances, each, "process.json")));
      const record = ProcessRecord.parse(JSON.parse(readFileSync(join(fixture.home.instances, name, "process.json"), "utf8")));
      const line = { address: hostOf(address), secret: record.secret };
      const broken = { compatibilityDate: "2026-11-01", compatibilityFlags: [], env: {}, mark: "broken" };
      const text = JSON.stringify({
        ...broken,
        modules: [{ name: "function", kind: "esModule", content: 'throw new TypeError("at its first line"); export default {}' }],
      });
      await restAt(line, 7, text);
      const asked = { method: "GET", headers: {} } as const;
      const answers = await Promise.all([1, 2].map(() => fetch(`http://${line.address}:${portOf(7)}/`, asked)));
      assert.deepEqual(
        answers.map(({ status, headers }) => [status, headers.get("slip-asleep")]),
        [
          [503, "1"],
          [503, "1"],
        ],
      );
      assert.deepEqual(await wakeAt(line, 7, "broken"), { isThere: false });
      await restAt(line, 7, text);
      assert.deepEqual(await wakeAt(line, 7, "another"), { isThere: false });
      const woken = await wakeAt(line, 7, "broken");
      assert.match((woken.isThere && woken.trouble) || "", /at its first line/);
      await remove(one);
    });

    it("all that rest leave no process behind, and are woken by this host process and the next", async () => {
      const [one, two] = [spec({ sleep: { afterMs: 200, stopMs: 200 } }), spec({ sleep: { afterMs: 200, stopMs: 200 } })];
      const [a, b] = [await start(one), await start(two)];
      const untilEnded = () =>
        eventually(async () => {
          fixture.runtime.workloads.look();
          return (await fixture.runtime.inspect()).held.sandboxes.every(({ runs }) => !runs) || undefined;
        }, "the process has ended");
      await untilEnded();
      await fixture.runtime.workloads.wake(one.id);
      assert.equal(await get(a.address, "/count"), "1");
      await untilEnded();
      await fixture.succeed();
      await fixture.runtime.workloads.wake(two.id);
      assert.equal(await get(b.address, "/count"), "1");
      assert.equal(instanceOf(two)?.restarts, 0);
      await Promise.all([one, two].map(remove));
      assert.equal(groups(), 0);
    });

    it("is called by its schedule", async () => {
      const of = spec();
      await start(of);
      const result = await fixture.runtime.workloads.callScheduled({ id: of.id, cron: "* * * * *", dueAt: 60_000 });
      assert.deepEqual(result, { outcome: "done" });
      await remove(of);
    });

    it("one that has to finish is waited for", async () => {
      const of = spec();
      const { address } = await start(of);
      const slow = get(address, "/slow");
      await eventually(() => undefined, "nothing", 100).catch(() => {});
      await fixture.runtime.workloads.remove(of.id, 5_000);
      assert.equal(await slow, "slow");
    });

    it("one has another process where its memory differs, and each of its instances does", async () => {
      const all = [spec(), spec({ memoryBytes: 128 * 2 ** 20 }), spec({ id: newId("dep"), instances: 2 })];
      for (const each of all) await start(each);
      assert.equal(groups(), 3, "two instances of one function are in two processes");
      await Promise.all(all.map(remove));
      assert.equal(groups(), 0);
    });
  });
