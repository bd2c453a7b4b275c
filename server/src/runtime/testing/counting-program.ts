// A program of the tests that knows what it was asked before. It runs in the sandbox, as plain JavaScript.

/** Says how often it was asked. It is ill where there is a file beside it, and as long as it was asked less often than `ILL`. */
export const countingProgram = `
const isIll = require("node:fs").existsSync("/app/ill");
let asked = 0;
require("node:http").createServer((_, response) => {
  asked += 1;
  response.statusCode = isIll || asked < Number(process.env.ILL ?? 0) ? 503 : 200;
  response.end(String(asked));
}).listen(process.env.PORT, "0.0.0.0");
`;
