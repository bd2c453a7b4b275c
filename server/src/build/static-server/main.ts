// node main.mjs FOLDER [--fallback]: serves the files of a folder on $PORT until it is told to stop.
import { createServer } from "node:http";
import { answer } from "./answer.ts";
import { openSite } from "./site.ts";

const [folder = ".", ...flags] = process.argv.slice(2);
const site = openSite(folder, { fallback: flags.includes("--fallback") });
const server = createServer((request, response) => answer(site, request, response));
server.listen(Number(process.env.PORT || 3000), "0.0.0.0");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
