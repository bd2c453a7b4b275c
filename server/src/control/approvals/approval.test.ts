import assert from "node:assert/strict";
import { test } from "node:test";
import { shownInput } from "./approval.ts";

test("a command is seen whole, whatever it looks like", () => {
  const command = ["sh", "-c", `npm run migrate ://$(evil)@ ${" ".repeat(4_000)} rm -rf /data`];
  assert.deepEqual(shownInput("apps.run", { app: "shop", command }), { app: "shop", command });
});

test("what is not shown is said not to be", () => {
  const values = Object.fromEntries(Array.from({ length: 52 }, (_, index) => [`N${index}`, "x"]));
  const shown = shownInput("env.set", { values }).values as Record<string, unknown>;
  assert.equal(shown["…"], "and 2 fields more");
  const paths = Array.from({ length: 51 }, (_, index) => `${index}`);
  assert.equal((shownInput("any", { paths }).paths as string[]).at(-1), "… and 1 more");
  assert.match(String(shownInput("any", { text: "x".repeat(9_000) }).text), /… and 808 characters more$/);
});

test("passwords of addresses and values of secrets are never seen", () => {
  const source = { kind: "git", url: "https://me:word@example.org/x.git" };
  assert.deepEqual(shownInput("deployments.create", { source }).source, { kind: "git", url: "https://…@example.org/x.git" });
  assert.deepEqual(shownInput("secrets.set", { values: { TOKEN: "s3cret" } }), { values: { TOKEN: "…" } });
});
