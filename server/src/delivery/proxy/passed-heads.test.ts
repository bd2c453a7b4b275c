import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHead } from "../http/response-head.ts";
import { answerText, interimText, requestText, upgradeText } from "./passed-heads.ts";

const request = {
  method: "GET",
  target: "/a?b",
  host: "app.example",
  kept: "A: 1\r\n",
  length: 0,
  upgrade: "",
  forwarded: "x-forwarded-for: 1.2.3.4\r\n",
  requestId: "id",
};
const own = "x-forwarded-for: 1.2.3.4\r\nvia: 1.1 slipstream\r\nx-request-id: id\r\n\r\n";

test("a request says its framing once, and in the edge's words", () => {
  assert.equal(requestText(request), `GET /a?b HTTP/1.1\r\nhost: app.example\r\nA: 1\r\n${own}`);
  assert.equal(requestText({ ...request, length: -1 }), `GET /a?b HTTP/1.1\r\nhost: app.example\r\nA: 1\r\ntransfer-encoding: chunked\r\n${own}`);
  assert.equal(requestText({ ...request, kept: "", method: "POST", length: 0 }), `POST /a?b HTTP/1.1\r\nhost: app.example\r\ncontent-length: 0\r\n${own}`);
  assert.equal(
    requestText({ ...request, kept: "", upgrade: "websocket" }),
    `GET /a?b HTTP/1.1\r\nhost: app.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n${own}`,
  );
});

const headOf = (text: string): ResponseHead => {
  const head = new ResponseHead();
  assert.equal(head.parse(Buffer.from(text), 0, Buffer.byteLength(text)), undefined);
  return head;
};
const rest = { chunked: false, keepAlive: true, date: "now", requestId: "id", proof: "" };

test("an answer has a date and an id, the app's own where it gave them", () => {
  const plain = headOf("HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n");
  assert.equal(answerText({ ...rest, head: plain }), "HTTP/1.1 200 OK\r\nA: 1\r\ncontent-length: 2\r\ndate: now\r\nx-request-id: id\r\n\r\n");
  const full = headOf("HTTP/1.1 200 OK\r\nDate: then\r\nX-Request-Id: its\r\nTransfer-Encoding: chunked\r\n");
  assert.equal(answerText({ ...rest, head: full, chunked: true }), "HTTP/1.1 200 OK\r\nDate: then\r\nX-Request-Id: its\r\ntransfer-encoding: chunked\r\n\r\n");
});

test("the last answer of a connection says so; the proof is added where it is due", () => {
  const head = headOf("HTTP/1.1 204 No Content\r\nDate: d\r\nX-Request-Id: i\r\nContent-Length: 0\r\n");
  const proof = "slip-deployment: x\r\n";
  assert.equal(
    answerText({ ...rest, head, keepAlive: false, proof }),
    "HTTP/1.1 204 No Content\r\nDate: d\r\nX-Request-Id: i\r\nslip-deployment: x\r\nconnection: close\r\n\r\n",
  );
});

test("interim answers and upgrades keep the app's fields", () => {
  assert.equal(interimText(headOf("HTTP/1.1 103 Early Hints\r\nLink: x\r\n")), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  const switching = headOf("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
  const wanted = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  assert.equal(upgradeText(switching, "websocket"), wanted);
});
