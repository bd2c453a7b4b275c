// handshake-load.ts PORT HOST SECONDS: full handshakes, each with one request. wrk begins every second connection with the session of the one before.
import tls from "node:tls";

const connections = 32;
const [port, host = "", seconds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
/** The exchange of keys that all sides know: else OpenSSL 3.5 would agree with its like on a dearer one. */
const secureContext = tls.createSecureContext({ minVersion: "TLSv1.3", ecdhCurve: "X25519" });
const counts = { answered: 0, failed: 0, resumed: 0 };

/** A connection of its own, from the first byte to the last. */
const ask = (): Promise<void> =>
  new Promise((done) => {
    let text = "";
    const socket = tls.connect({ port, host: "127.0.0.1", servername: host, secureContext, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }, () => {
      if (socket.isSessionReused()) counts.resumed += 1;
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (text.startsWith("HTTP/1.1 200")) counts.answered += 1;
      else counts.failed += 1;
      done();
    });
  });

const until = performance.now() + seconds * 1_000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (performance.now() < until) await ask();
  }),
);
process.stdout.write(JSON.stringify(counts));
