// The owner's token is replaced: what works when, who may do it, and what a start makes of the file.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const newToken = (): { token: string; sha256: string } => {
  const token = `slip_${randomBytes(32).toString("base64url")}`;
  return { token, sha256: createHash("sha256").update(token).digest("hex") };
};
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const works = (token: string) => plane.clientWith(token).call("apps.list", {});

test("the token of before works until its end, and can do everything but replace again", async () => {
  const next = newToken();
  const { endsAt } = await plane.client.call("token.rotate", { sha256: next.sha256 });
  assert.ok(Math.abs(Date.parse(endsAt) - Date.now() - 3_600_000) < 60_000, endsAt);
  await works(next.token);
  await plane.client.call("apps.list", {});
  await assert.rejects(plane.client.call("token.rotate", { sha256: newToken().sha256 }), refused("conflict"), "who has the old one cannot take over");
  await plane.clientWith(next.token).call("token.rotate", { sha256: next.sha256, graceMs: 0 });
  await assert.rejects(plane.client.call("apps.list", {}), refused("unauthorized"));
  await works(next.token);
  const { entries } = await plane.clientWith(next.token).call("journal.list", {});
  assert.equal(entries[0]?.operation, "token.rotate");
  assert.ok(!JSON.stringify(entries).includes(next.sha256));
});

test("a start with the file of before does not bring the old token back, and a new file is the owner's", async () => {
  const [owner] = await plane.database<{ count: number }[]>`select count(*) as count from tokens where expires_at is null`;
  assert.equal(owner?.count, 1);
  await plane.kill("control");
  await assert.rejects(plane.client.call("apps.list", {}), refused("unauthorized"));
  const { token, sha256 } = newToken();
  writeFileSync(plane.home.tokenSha256, sha256);
  await plane.kill("control");
  await works(token);
  assert.equal((await plane.database`select id from tokens`).length, 1, "no other token is left");
});

test("a token that has been in use is no new one", async () => {
  const [owner, again] = [newToken(), newToken()];
  writeFileSync(plane.home.tokenSha256, owner.sha256);
  await plane.kill("control");
  await plane.clientWith(owner.token).call("token.rotate", { sha256: again.sha256, graceMs: 0 });
  await assert.rejects(plane.clientWith(again.token).call("token.rotate", { sha256: owner.sha256 }), refused("conflict"));
  await works(again.token);
});

test("without the hash of a token control does not start", async () => {
  const { token, sha256 } = newToken();
  writeFileSync(plane.home.tokenSha256, "");
  const back = plane.strike("control");
  await assert.rejects(works(token), refused("unreachable"));
  writeFileSync(plane.home.tokenSha256, sha256);
  await back();
  await works(token);
});
