import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { type EdgeTrial, makeCertificate, startApp, startTrial, until } from "./edge-trial.ts";

interface Secure {
  name: string;
  protocol: string | null;
  alpn: string | false | null;
  text: string;
  reused: boolean;
  session: Buffer | undefined;
}

/** Asks for "/" over TLS, at `servername`; the Host is the same unless given. */
const secure = (trial: EdgeTrial, servername: string, options: tls.ConnectionOptions & { host?: string } = {}): Promise<Secure> =>
  new Promise((resolve, reject) => {
    const { host = servername, ...rest } = options;
    let text = "";
    let session: Buffer | undefined;
    const socket = tls.connect({ port: trial.https, host: "127.0.0.1", servername, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"], ...rest }, () =>
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    const name = (): string => new X509Certificate(socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)).subject;
    let subject = "";
    let shaken = false;
    socket.on("secureConnect", () => {
      shaken = true;
      subject = socket.isSessionReused() ? "" : name();
    });
    socket.on("session", (ticket) => (session = ticket));
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", reject);
    socket.on("end", () => {
      if (!shaken) reject(new Error("the connection ended before the handshake did"));
      resolve({ name: subject, protocol: socket.getProtocol(), alpn: socket.alpnProtocol, text, reused: socket.isSessionReused(), session });
    });
  });

const startSecure = async (t: Parameters<typeof startTrial>[0]): Promise<EdgeTrial> => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => response.end(String(request.headers["x-forwarded-proto"])));
  for (const name of ["*.slip.localhost", "app.example.org"]) trial.certificates[name] = await makeCertificate(name);
  const routes = [{ app: "app", addresses: [app.address] }];
  trial.publish({ "one.slip.localhost": routes, "app.example.org": routes });
  return trial;
};

test("each name has its certificate, and HTTP/1.1 is agreed", async (t) => {
  const trial = await startSecure(t);
  const one = await secure(trial, "one.slip.localhost");
  assert.deepEqual([one.name, one.alpn, one.protocol], ["CN=*.slip.localhost", "http/1.1", "TLSv1.3"]);
  assert.match(one.text, /^HTTP\/1\.1 200 [\s\S]*https$/);
  assert.equal((await secure(trial, "APP.example.org")).name, "CN=app.example.org");
});

test("an unknown app below the wildcard gets a page, an unknown name the platform's certificate", async (t) => {
  const trial = await startSecure(t);
  assert.match((await secure(trial, "nobody.slip.localhost")).text, /^HTTP\/1\.1 404 /);
  const other = await secure(trial, "other.example.org");
  assert.equal(other.name, "CN=*.slip.localhost");
  assert.match(other.text, /^HTTP\/1\.1 404 /);
});

test("a client without a server name is answered", async (t) => {
  const trial = await startSecure(t);
  assert.equal((await secure(trial, "", { host: "one.slip.localhost" })).name, "CN=*.slip.localhost");
});

test("TLS before 1.2 is refused", async (t) => {
  const trial = await startSecure(t);
  await assert.rejects(secure(trial, "one.slip.localhost", { minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
  assert.equal((await secure(trial, "one.slip.localhost", { maxVersion: "TLSv1.2" })).protocol, "TLSv1.2");
});

test("a new table brings its certificate without a restart", async (t) => {
  const trial = await startSecure(t);
  trial.certificates["new.example.org"] = await makeCertificate("new.example.org");
  assert.equal((await secure(trial, "new.example.org")).name, "CN=*.slip.localhost");
  trial.publish({});
  assert.equal((await secure(trial, "new.example.org")).name, "CN=new.example.org");
});

test("HTTP/2 is agreed with those who offer it", async (t) => {
  const trial = await startSecure(t);
  const agreed = (ALPNProtocols: string[]): Promise<string | false | null> =>
    new Promise((resolve, reject) => {
      const name = "one.slip.localhost";
      const socket = tls.connect({ port: trial.https, host: "127.0.0.1", servername: name, rejectUnauthorized: false, ALPNProtocols }, () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  assert.deepEqual([await agreed(["http/1.1", "h2"]), await agreed(["http/1.1"])], ["h2", "http/1.1"]);
  await assert.rejects(agreed(["spdy/3"]), "what the edge does not speak is not agreed");
});

const helloBegun = Buffer.from([22, 3, 1, 2, 0, 1]);

test("a client that ends its side before it is secure is kept no longer than a handshake may take", async (t) => {
  const trial = await startTrial(t, { headerMs: 300 });
  const isClosed = Array.from({ length: 5 }, () => {
    const socket = net.connect(trial.https, "127.0.0.1", () => socket.end(helloBegun)).on("error", () => {});
    return once(socket.resume(), "close");
  });
  await Promise.all(isClosed);
  await until(() => trial.edge.sockets === 0, "the end of the handshakes");
});

test("an edge that ends waits for no handshake", async (t) => {
  const trial = await startTrial(t, { headerMs: 60_000 });
  const socket = net.connect(trial.https, "127.0.0.1", () => socket.write(helloBegun)).on("error", () => {});
  await until(() => trial.edge.sockets === 1, "the handshake");
  await trial.edge.end(100);
  await until(() => trial.edge.sockets === 0, "the end of its socket");
});

test("a session begun at one edge is resumed at another", async (t) => {
  const one = await startSecure(t);
  const two = await startTrial(t);
  Object.assign(two.certificates, one.certificates);
  two.publish({});
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const first = await secure(one, "one.slip.localhost", { maxVersion });
    assert.equal(first.reused, false);
    assert.ok(first.session);
    assert.equal((await secure(two, "one.slip.localhost", { maxVersion, session: first.session })).reused, true, maxVersion);
  }
});

test("a broken certificate in the table harms nobody else", async (t) => {
  const trial = await startSecure(t);
  trial.certificates["broken.example.org"] = { certificate: "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----", key: "none" };
  trial.publish({});
  await assert.rejects(secure(trial, "broken.example.org"));
  assert.equal((await secure(trial, "app.example.org")).name, "CN=app.example.org");
});

test("a WebSocket and a large body pass over TLS as well", async (t) => {
  const trial = await startTrial(t);
  trial.certificates["*.slip.localhost"] = await makeCertificate("*.slip.localhost");
  const app = await startApp(t, (request, response) => request.pipe(response));
  app.server.on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.pipe(socket);
  });
  trial.publish({ "app.slip.localhost": [{ app: "app", addresses: [app.address] }] });
  const common = { host: "127.0.0.1", port: trial.https, servername: "app.slip.localhost", rejectUnauthorized: false, agent: false as const };
  const body = Buffer.alloc(5_000_003, "0123456789");
  const echoed = await new Promise<Buffer>((resolve, reject) => {
    const request = https.request({ ...common, method: "POST", headers: { host: "app.slip.localhost" } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve(Buffer.concat(chunks)));
    });
    request.on("error", reject);
    request.end(body);
  });
  assert.ok(echoed.equals(body));
  const text = await new Promise<string>((resolve, reject) => {
    const request = https.get({ ...common, headers: { host: "app.slip.localhost", connection: "Upgrade", upgrade: "websocket" } });
    request.on("error", reject);
    request.on("upgrade", (_, socket) => {
      socket.write("ping");
      socket.once("data", (chunk: Buffer) => {
        socket.destroy();
        resolve(chunk.toString());
      });
    });
  });
  assert.equal(text, "ping");
});
