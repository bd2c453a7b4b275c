import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { newSigningSecret, signedHeaders } from "./signature.ts";

const body = JSON.stringify({ type: "app.created", timestamp: "2026-01-01T00:00:00.000Z", data: { app: "☂" } });
const message = () => ({ id: "evt_1", sentAt: new Date(), body });

test("an independent verifier takes a signature of any secret that signs, and of no other", () => {
  const secrets = [newSigningSecret(), newSigningSecret()];
  const headers = signedHeaders(message(), secrets);
  for (const secret of secrets) assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
  assert.throws(() => new Webhook(newSigningSecret()).verify(body, headers));
  assert.throws(() => new Webhook(secrets[0] ?? "").verify(body.replace("created", "renamed"), headers));
  assert.throws(() => new Webhook(secrets[0] ?? "").verify(body, { ...headers, "webhook-id": "evt_2" }));
});

test("a message that was recorded is refused later", () => {
  const secret = newSigningSecret();
  const headers = signedHeaders({ ...message(), sentAt: new Date(Date.now() - 600_000) }, [secret]);
  assert.throws(() => new Webhook(secret).verify(body, headers), /too old/);
});

test("a secret is 32 bytes that differ each time", () => {
  const secret = newSigningSecret();
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(secret, newSigningSecret());
});
