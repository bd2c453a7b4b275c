import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { ask, deploymentId, type EdgeTrial, rawExchange, startApp, startRawApp, startTrial } from "./edge-trial.ts";

// What comes in pieces means the same as what comes whole, and nothing that comes can bring the edge down.

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Sends `wire` cut at `cuts`, and gives the whole answer. */
const inPieces = (port: number, wire: string, cuts: readonly number[]): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true }, async () => {
      let start = 0;
      for (const end of [...cuts, wire.length]) {
        socket.write(Buffer.from(wire.slice(start, end), "latin1"));
        start = end;
        await pause();
      }
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);

test("a request cut anywhere is the same request", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => response.end(`${request.method} ${request.url} ${request.headers["x-a"]} ${body}`));
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const fields = "Host: app.localhost\r\nX-A: b\r\nConnection: close\r\n";
  const wires = [
    `POST /x HTTP/1.1\r\n${fields}Transfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n`,
    `POST /x HTTP/1.1\r\n${fields}Content-Length: 5\r\n\r\nabcde`,
  ];
  for (const wire of wires) {
    const cuts = Array.from({ length: wire.length - 1 }, (_, index) => index + 1);
    const answers = await Promise.all(cuts.map((cut) => inPieces(trial.http, wire, [cut])));
    for (const [index, answer] of answers.entries()) assert.equal(bodyOf(answer), "POST /x b abcde", `cut at ${cuts[index]}`);
  }
});

test("an answer cut anywhere is the same answer", async (t) => {
  const trial = await startTrial(t);
  const wires = {
    chunked: "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
    length: "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nabcde",
    interim: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nabcde",
    close: "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nabcde",
  };
  for (const [name, wire] of Object.entries(wires)) {
    const address = await startRawApp(t, (socket) => {
      socket.setNoDelay(true);
      socket.on("data", async (chunk) => {
        const cut = Number(/^GET \/(\d+)/.exec(chunk.toString("latin1"))?.[1]);
        socket.write(wire.slice(0, cut));
        await pause();
        if (name === "close") socket.end(wire.slice(cut));
        else socket.write(wire.slice(cut));
      });
    });
    trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
    for (let cut = 1; cut < wire.length; cut += 1) {
      const answer = await ask(trial.http, "app.localhost", { path: `/${cut}` });
      assert.deepEqual([answer.status, answer.headers["x-a"], answer.body], [200, "b", "abcde"], `${name} cut at ${cut}`);
    }
  }
});

/** Numbers that look random and are the same at each run (mulberry32). */
const randomFrom = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

const parts = [
  ..."GET / HTTP/1.1\r\n|POST /x HTTP/1.1\r\n|HEAD / HTTP/1.0\r\n|Host: app.localhost\r\n|Host: x\r\n|Content-Length: 5\r\n|Content-Length: 0\r\n".split("|"),
  ..."Transfer-Encoding: chunked\r\n|Connection: close\r\n|Connection: upgrade\r\nUpgrade: websocket\r\n|Expect: 100-continue\r\n|X: y\r\n| fold\r\n".split(
    "|",
  ),
  ..."\r\n|\r\n\r\n|\n|\r|\0|:|5\r\nabcde\r\n|0\r\n\r\n|abcde|ffffffff\r\n|;ext\r\n|HTTP/1.1 200 OK\r\n|HTTP/1.1 101 X\r\n|HTTP/1.1 100 Continue\r\n\r\n".split(
    "|",
  ),
];
const whole = [
  "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
];
const answersWhole = ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"];

const noise = (random: (below: number) => number, seeds: readonly string[]): string => {
  let wire = random(3) > 0 ? (seeds[random(seeds.length)] ?? "") : "";
  for (let left = random(6); left > 0; left -= 1) {
    const at = random(wire.length + 1);
    const drop = random(3) === 0 ? random(8) : 0;
    wire = wire.slice(0, at) + (parts[random(parts.length)] ?? "") + wire.slice(at + drop);
  }
  return random(2) === 0 ? wire + (seeds[random(seeds.length)] ?? "") : wire;
};

const settled = async (trial: EdgeTrial): Promise<void> => {
  for (let left = 100; left > 0 && trial.edge.inFlight(deploymentId("app")) > 0; left -= 1) await new Promise((resolve) => setTimeout(resolve, 50));
};

test("random requests and random answers leave the edge whole, and nothing under way", async (t) => {
  const trial = await startTrial(t, { responseMs: 1_000, headerMs: 1_000 });
  const random = randomFrom(20_261_120);
  const address = await startRawApp(t, (socket) =>
    socket.on("data", () => {
      socket.write(Buffer.from(noise(random, answersWhole), "latin1"));
      const fate = random(5);
      if (fate === 0) socket.destroy();
      else if (fate === 1) socket.end();
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  for (let round = 0; round < 40; round += 1) {
    const wires = Array.from({ length: 25 }, () => noise(random, whole));
    await Promise.all(wires.map((wire) => rawExchange(trial.http, wire, 20 + random(30))));
  }
  await settled(trial);
  assert.equal(trial.edge.inFlight(deploymentId("app")), 0);
  assert.equal(trial.edge.loadOf(address), 0);
  const app = await startApp(t, (_, response) => response.end("alive"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  assert.equal((await ask(trial.http, "app.localhost")).body, "alive");
});

test("empty lines before a request are neither kept nor the beginning of one, however many they are", async (t) => {
  const trial = await startTrial(t, { headerMs: 500 });
  const app = await startApp(t, (_, response) => response.end("served"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const get = "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n";
  assert.match(await trial.raw(`${"\r\n".repeat(40_000)}${get}`, 5_000), /^HTTP\/1\.1 200 /);
  const [first, second] = await Promise.all([inPieces(trial.http, `\r\n${get}`, [1, 2]), inPieces(trial.http, `\r\n\r\n${get}`, [1, 3])]);
  assert.match(first, /^HTTP\/1\.1 200 /);
  assert.match(second, /^HTTP\/1\.1 200 /);
  assert.equal(await trial.raw("\r\n".repeat(40_000), 5_000), "");
});
