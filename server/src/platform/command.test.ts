import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, names } from "./command.ts";
import { exec } from "./exec.ts";

const shell = (line: string): string[] => ["/bin/sh", "-c", line];

const cases: readonly [string, string[]][] = [
  ["node server.js", ["node", "server.js"]],
  ["  npm   run start:prod ", ["npm", "run", "start:prod"]],
  ["gunicorn -b 0.0.0.0:$PORT app:app", shell("exec gunicorn -b 0.0.0.0:$PORT app:app")],
  ["NODE_ENV=production node server.js", shell("NODE_ENV=production exec node server.js")],
  ['A="x y" B=$HOME node s.js', shell('A="x y" B=$HOME exec node s.js')],
  ["npx prisma migrate deploy && node server.js", shell("npx prisma migrate deploy && exec node server.js")],
  ["{ npm run seed; } && node s.js", shell("{ npm run seed; } && exec node s.js")],
  ["cd web && node server.js", shell("cd web && exec node server.js")],
  ["node a.js & node b.js", shell("node a.js & node b.js")],
  ["node a.js; node b.js", shell("node a.js; node b.js")],
  ["node a.js || node b.js", shell("node a.js || node b.js")],
  ["node a.js | tee log", shell("node a.js | tee log")],
  ['node -e "a && b"', shell('node -e "a && b"')],
  ["exec node s.js && x=1", shell("exec node s.js && x=1")],
  ["if true; then node s.js; fi", shell("if true; then node s.js; fi")],
  ["A=1", shell("A=1")],
  ["exec node server.js", ["node", "server.js"]],
  ["exec gunicorn -b 0.0.0.0:$PORT app:app", shell("exec gunicorn -b 0.0.0.0:$PORT app:app")],
  ["exec -a name node", shell("exec -a name node")],
  ["exit 7", shell("exit 7")],
  ["command -v node", shell("command -v node")],
  [". ./env.sh", shell(". ./env.sh")],
  [". ./env.sh && node s.js", shell(". ./env.sh && exec node s.js")],
  ["node a.js && . ./$ENV.sh", shell("node a.js && . ./$ENV.sh")],
  ["source-map-explorer dist", ["source-map-explorer", "dist"]],
];

for (const [line, expected] of cases) test(`'${line}' becomes the right arguments`, () => assert.deepEqual(argumentsOf(line), expected));

test("a list of words is left as it is", () => assert.deepEqual(argumentsOf(["node", "a b", "$(id)"]), ["node", "a b", "$(id)"]));

test("what replaces the shell still runs as it was written", async () => {
  const line = `A="x y" B=$C printenv A B && D=\${A:-none} printenv D`;
  const [program = "", ...words] = argumentsOf(line);
  assert.equal((await exec([program, ...words], { env: { PATH: "/usr/bin:/bin", C: "see" } })).stdout, "x y\nsee\nnone\n");
});

test("a command names the programs in it, and no others", () => {
  assert.ok(names("npm run x && node y", "node"));
  assert.ok(names(["/app/.venv/bin/gunicorn", "app:app"], "gunicorn"));
  assert.ok(names('sh -c "exec yarn start"', "yarn"));
  assert.ok(!names("node npm.js", "npm"));
  assert.ok(!names("pnpm start", "npm"));
});
