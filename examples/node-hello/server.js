import { createServer } from "node:http";

createServer((request, response) => {
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end("Hello from Slipstream\n");
}).listen(process.env.PORT ?? 3000);
