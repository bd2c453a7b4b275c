// One attempt against a real HTTPS server on loopback.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { authorityIn } from "../certificates/authority.ts";
import { Receivers } from "./receiver.ts";
import { agentTrusting, send, type Ways } from "./send.ts";
import { TrialReceiver } from "./testing/trial-receiver.ts";

/** A name that no name server knows. */
const elsewhere = "hooks.example.invalid";

describe("an attempt", () => {
  let folder = "";
  let receiver: TrialReceiver;
  let ways: Ways;
  const post = (path: string, more: Partial<Ways> = {}) =>
    send({ url: receiver.url(path), headers: { "content-type": "application/json" }, body: '{"☂":1}' }, { ...ways, ...more });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "slip-send-"));
    const authority = await authorityIn(folder, "Trial");
    receiver = await TrialReceiver.listening("hooks.localhost");
    receiver.show(await authority.issue([receiver.host, elsewhere]));
    ways = { receivers: new Receivers([`hooks.localhost:${receiver.port}`, `other.localhost:${receiver.port}`]), agent: agentTrusting(authority.certificate) };
  });
  after(async () => {
    await receiver.close();
    rmSync(folder, { recursive: true });
  });

  it("sends the body whole, and gives the status", async () => {
    assert.deepEqual(await post("/ok"), { status: 204, retryAfterMs: undefined });
    const [got] = receiver.at("/ok");
    assert.deepEqual([got?.body, got?.headers["content-type"], got?.headers.host], ['{"☂":1}', "application/json", `hooks.localhost:${receiver.port}`]);
  });

  it("follows no redirect", async () => {
    receiver.replies.set("/moved", (response) => response.writeHead(307, { location: receiver.url("/elsewhere") }).end());
    assert.deepEqual(await post("/moved"), { status: 307, retryAfterMs: undefined });
    assert.deepEqual(receiver.at("/elsewhere"), []);
  });

  it("reads no more of an answer than it must, and takes its status", async () => {
    let cut: Promise<unknown> | undefined;
    receiver.replies.set("/endless", (response) => {
      cut = once(response, "close");
      response.writeHead(200);
      const write = (): void => void response.write("x".repeat(65_536), () => response.destroyed || setImmediate(write));
      write();
    });
    assert.deepEqual(await post("/endless"), { status: 200, retryAfterMs: undefined });
    await cut;
  });

  it("ends in time, also when the answer does not end", async () => {
    receiver.replies.set("/silent", () => {});
    receiver.replies.set("/slow", (response) => response.writeHead(202).flushHeaders());
    assert.deepEqual(await post("/silent", { timeMs: 200 }), { problem: "There was no answer within 0 s." });
    assert.deepEqual(await post("/slow", { timeMs: 200 }), { status: 202, retryAfterMs: undefined });
  });

  it("says why there was no answer", async () => {
    receiver.replies.set("/broken", (response) => response.destroy());
    assert.deepEqual(await post("/broken"), { problem: "The connection failed (ECONNRESET)." });
    assert.deepEqual(await post("/", { agent: agentTrusting("") }), { problem: "The connection failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE)." });
    const other = await send({ url: receiver.url("/").replace("hooks.", "other."), headers: {}, body: "" }, ways);
    assert.deepEqual(other, { problem: "The connection failed (ERR_TLS_CERT_ALTNAME_INVALID)." });
    assert.deepEqual(await post("/", { receivers: new Receivers([]) }), { problem: "The receiver is not on the public internet." });
  });

  it("connects to the addresses that were checked, and asks no name server again", async () => {
    const receivers = Object.assign(new Receivers([]), { addressesOf: async () => ["127.0.0.1"] });
    const url = `https://${elsewhere}:${receiver.port}/checked`;
    assert.deepEqual(await send({ url, headers: {}, body: "" }, { ...ways, receivers }), { status: 204, retryAfterMs: undefined });
    assert.equal(receiver.at("/checked")[0]?.headers.host, `${elsewhere}:${receiver.port}`);
  });

  it("sends over plain http to loopback where that is named", async () => {
    const got: string[] = [];
    const plain = http.createServer((request, response) => {
      got.push(request.url ?? "");
      response.writeHead(200).end();
    });
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const { port } = plain.address() as AddressInfo;
    const receivers = new Receivers([`127.0.0.1:${port}`]);
    assert.deepEqual(await send({ url: `http://127.0.0.1:${port}/plain`, headers: {}, body: "" }, { ...ways, receivers }), {
      status: 200,
      retryAfterMs: undefined,
    });
    assert.deepEqual(got, ["/plain"]);
    plain.close();
  });
});
