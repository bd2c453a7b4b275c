import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { repository } from "./installation.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree } from "./sources.ts";

describe("apps of each language", () => {
  const installation = jointInstallation();
  const example = (name: string): string => join(repository, "examples", name);
  before(() => installation.up());
  after(() => installation.end());

  it("serves plain HTML", async () => {
    await installation.deployLive(example("static-hello"));
    const answer = await installation.request("static-hello");
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers["content-type"]), /^text\/html/);
    assert.equal((await installation.request("static-hello", "/there-is-no-such-file")).status, 404);
    assert.notEqual((await installation.request("static-hello", "/../../etc/passwd")).status, 200);
  });

  it("serves the output of a front-end build with dependencies", async () => {
    await installation.deployLive(example("vite-site"));
    const page = await installation.request("vite-site");
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1];
    assert.ok(script, page.body);
    const asset = await installation.request("vite-site", script);
    assert.equal(asset.status, 200);
    assert.match(String(asset.headers["content-type"]), /javascript/);
    assert.match(asset.body, /Slipstream serves this page/);
  });

  it("runs a Python script without dependencies", async () => {
    await installation.deployLive(example("python-hello"));
    assert.equal((await installation.request("python-hello")).status, 200);
  });

  it("runs a WSGI app with requirements", async () => {
    await installation.deployLive(example("flask-app"));
    const answer = await installation.request("flask-app", "/square/12");
    assert.deepEqual(JSON.parse(answer.body), { number: 12, square: 144 });
  });

  it("tunnels WebSockets", async () => {
    await installation.deployLive(example("websocket-chat"));
    const host = "websocket-chat.slip.localhost";
    const socket = tls.connect({ host: "127.0.0.1", port: installation.httpsPort, servername: host, ca: installation.ca });
    const said = new Promise<string>((resolve, reject) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        if (text.includes("hello chat")) resolve(text);
      });
      socket.on("error", reject);
      socket.on("end", () => reject(new Error(`closed after: ${text}`)));
    });
    const key = Buffer.from("a test's sixteen").toString("base64");
    socket.write(
      `GET /chat HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    // A masked text frame with a mask of zeros (RFC 6455 §5.2): the chat says it to all.
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | 10, 0, 0, 0, 0]), Buffer.from("hello chat")]));
    assert.match(await said, /^HTTP\/1\.1 101 /);
    socket.destroy();
  });

  it("runs what a Procfile says", async () => {
    const source = newTree("procfile", {
      Procfile: "web: node other.js\n",
      "package.json": '{ "name": "procfile" }\n',
      "other.js": 'require("node:http").createServer((_, response) => response.end("from the Procfile")).listen(process.env.PORT, "0.0.0.0");\n',
    });
    await installation.deployLive(source);
    assert.equal((await installation.request("procfile")).body, "from the Procfile");
  });
});
