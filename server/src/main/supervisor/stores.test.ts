import assert from "node:assert/strict";
import { test } from "node:test";
import { newInstallation } from "#platform/installation.ts";
import { withStores } from "./stores.ts";

const installation = newInstallation({ httpPort: 1, httpsPort: 2, handlerPort: 3 }, 4);
const embedded = { databaseUrl: undefined, restateUrl: undefined };
const own = { databaseUrl: "postgres://db/x", restateUrl: "http://a,http://b" };

test("the first start decides, later ones agree", () => {
  const first = withStores(installation, own);
  assert.deepEqual([first.database, first.restate], ["own", "own"]);
  assert.deepEqual(withStores(first, own), first);
  const small = withStores(installation, embedded);
  assert.deepEqual(withStores(small, embedded), small);
});

test("an installation never wakes up with another database", () => {
  assert.throws(() => withStores(withStores(installation, own), embedded), { code: "conflict", message: /DATABASE_URL, which is not set/ });
  assert.throws(() => withStores(withStores(installation, embedded), own), { code: "conflict", message: /DATABASE_URL is set/ });
  assert.throws(() => withStores(withStores(installation, embedded), { ...embedded, restateUrl: "http://a,http://b" }), { message: /RESTATE_URL is set/ });
});
