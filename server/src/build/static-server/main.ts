// node main.mjs FOLDER [--fallback]: serves the files of a folder on $PORT until it is told to stop.
import { answer } from "./answer.ts";
import { openSite } from "./site.ts";

const [folder = ".", ...flags] = process.argv.slice(2);
const site = openSite(folder, { fallback: flags.includes("--fallback") });
for (const note of site.notes) console.error(note);
// An `import` of it would load its lazy parts too: as long again as all else of Node's start.
const server = process.getBuiltinModule("node:http").createServer((request, response) => answer(site, request, response));
server.listen(Number(process.env.PORT || 3000), "0.0.0.0");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
