// A chat: what one says at /chat, all hear.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const page = readFileSync(new URL("page.html", import.meta.url));
const server = createServer((request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(page);
});
const chat = new WebSocketServer({ server, path: "/chat", maxPayload: 4096 });
chat.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (message, isBinary) => {
    for (const client of chat.clients) client.send(message, { binary: isBinary });
  });
});
server.listen(process.env.PORT ?? 3000, "0.0.0.0");
