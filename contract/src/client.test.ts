import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { Client, prepare } from "./client.ts";
import type { SlipError } from "./errors.ts";

describe("the request of an operation", () => {
  it("fills the path, whatever the words are", () => {
    assert.equal(prepare("apps.get", { app: "../a b?#%" }).path, "/v1/apps/..%2Fa%20b%3F%23%25");
  });
  it("puts the other fields of a GET into the query, and leaves out what is not set", () => {
    assert.equal(prepare("logs.read", { app: "shop", grep: "a&b", since: undefined, follow: true }).path, "/v1/apps/shop/logs?grep=a%26b&follow=true");
  });
  it("puts the other fields of a POST into the body", () => {
    const { path, body } = prepare("apps.scale", { app: "shop", instances: 2 });
    assert.deepEqual([path, JSON.parse(String(body))], ["/v1/apps/shop/scale", { instances: 2 }]);
  });
  it("sends bytes as they are", () => {
    assert.deepEqual(prepare("sources.upload", { sha256: "ab" }, Buffer.from("x")), {
      method: "PUT",
      path: "/v1/sources/blobs/ab",
      body: Buffer.from("x"),
      contentType: "application/octet-stream",
    });
  });
});

describe("the client over HTTP", () => {
  const withServer = async (listener: http.RequestListener, use: (port: number) => Promise<void>): Promise<void> => {
    const server = http.createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await use((server.address() as AddressInfo).port);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  it("reaches names below .localhost on this machine, under their own name", async () => {
    let host: string | undefined;
    const listener: http.RequestListener = (request, response) => {
      host = request.headers.host;
      response.end('{"apps":[]}');
    };
    await withServer(listener, async (port) => {
      assert.deepEqual(await new Client({ endpoint: { url: `http://slip.localhost:${port}` }, token: "x" }).call("apps.list", {}), { apps: [] });
      assert.equal(host, `slip.localhost:${port}`);
    });
  });

  it("takes a broken answer for unreachable, and keeps why", () =>
    withServer(
      (_, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("{");
        setTimeout(() => response.destroy(), 20);
      },
      async (port) => {
        const client = new Client({ endpoint: { url: `http://127.0.0.1:${port}` }, token: "x" });
        await assert.rejects(
          client.call("apps.list", {}),
          (error: SlipError) => error.code === "unreachable" && (error.cause as NodeJS.ErrnoException).code === "ECONNRESET",
        );
      },
    ));

  it("takes an error of another shape for a defect", () =>
    withServer(
      (_, response) => response.writeHead(502).end("<html>"),
      async (port) => {
        const client = new Client({ endpoint: { url: `http://127.0.0.1:${port}` }, token: "x" });
        await assert.rejects(client.call("apps.list", {}), { code: "internal" });
      },
    ));

  it("joins characters that come in two parts", () =>
    withServer(
      (_, response) => {
        const line = Buffer.from(
          `${JSON.stringify({ time: "2026-01-01T00:00:00Z", source: "runtime", stream: "stdout", tenant: "", project: "", app: "", deployment: "", commit: "", instance: "", text: "ü" })}\n`,
        );
        const half = line.indexOf(0xc3) + 1;
        response.write(line.subarray(0, half));
        setTimeout(() => response.end(line.subarray(half)), 20);
      },
      async (port) => {
        const client = new Client({ endpoint: { url: `http://127.0.0.1:${port}` }, token: "x" });
        const texts: string[] = [];
        for await (const line of client.lines("logs.read", { app: "shop" })) texts.push(line.text);
        assert.deepEqual(texts, ["ü"]);
      },
    ));
});
