import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellBegins } from "./shell-line.ts";

const env = { PATH: "/usr/bin:/bin", PORT: "3000", MANY: "a b", EMPTY: "" };
const begins = (line: string, more = {}) => shellBegins({ args: ["/bin/sh", "-c", line], env: { ...env, ...more }, cwd: "/" });

for (const line of [`exec printf '%s,' --bind "0.0.0.0:$PORT" 'app:app()'`, "exec printf %s, $PORT -w 4", `exec printf '%s,' "$MANY" "$NONE"x '' a"b"'c'`])
  test(`what a shell would begin is known: ${line}`, () => {
    const found = begins(line) ?? assert.fail("it is not known");
    const [program = "", ...args] = found.args;
    assert.equal(execFileSync(program, args, { encoding: "utf8" }), execFileSync("/bin/sh", ["-c", line], { env, encoding: "utf8" }));
    assert.equal(found.env.PWD, "/");
  });

for (const line of [
  "serve app",
  "exec serve $MANY",
  "exec serve *",
  "exec serve; ls",
  "exec serve $(ls)",
  "exec A=1 serve",
  'exec serve "a',
  "exec serve $EMPTY",
  "exec -a x serve",
])
  test(`a line that does more is left to the shell: ${line}`, () => assert.equal(begins(line), undefined));

test("variables that a shell would change are left to it", () => assert.equal(begins("exec serve", { IFS: "," }), undefined));
