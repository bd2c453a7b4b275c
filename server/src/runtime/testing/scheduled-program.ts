// The program of the test of schedules. What it does when it is called is said by the expression. It runs in the sandbox, as plain JavaScript.
import { scheduledPort } from "@slipstream/contract/ports/scheduled.ts";

export const scheduledProgram = `
const http = require("node:http");
let calls = 0;
const answers = {
  well: (answer) => answer('{"outcome":"done"}'),
  badly: (answer) => answer('{"outcome":"failed","error":"Error: not today"}'),
  slowly: (answer) => setTimeout(() => answer('{"outcome":"done"}'), 1500),
  oddly: (answer) => answer("something else"),
  never: (answer, request) => request.socket.destroy(),
};
http.createServer((request, response) => response.end(String(calls))).listen(Number(process.env.PORT), process.env.HOST);
const called = http.createServer((request, response) => {
  calls += 1;
  const { searchParams } = new URL(request.url, "http://x");
  console.log("called at " + searchParams.get("due") + " by " + request.method);
  answers[searchParams.get("cron")]((text) => response.end(text), request);
});
// As of a machine that is busy, the second port is open later than the first.
setTimeout(() => called.listen(${scheduledPort}, process.env.HOST), 100);
process.on("SIGTERM", () => process.exit(0));
`;
