import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { homeAt } from "#platform/home.ts";
import { uids } from "#platform/installation.ts";
import { identityKeyOf } from "#platform/restate-server.ts";
import { prepareDisk, prepareHome } from "./prepare.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-prepare-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const silent = { httpPort: undefined, httpsPort: undefined };

test("the first start makes an installation and a token for its owner alone, the second keeps both", async () => {
  const root = join(folder, "deep", "home");
  const first = await prepareHome(root, silent);
  assert.equal(first.installation.httpPort, 8080);
  assert.equal(statSync(root).mode & 0o777, 0o711);
  assert.equal(statSync(first.home.token).mode & 0o777, 0o600);
  const token = readFileSync(first.home.token, "utf8");
  assert.match(token, /^slip_[\w-]{43}\n$/);
  const second = await prepareHome(root, silent);
  assert.deepEqual(second.installation, first.installation);
  assert.equal(readFileSync(first.home.token, "utf8"), token);
});

test("any free port is chosen once; a port that is named later takes its place", async () => {
  const root = join(folder, "home");
  const any = await prepareHome(root, { httpPort: 0, httpsPort: 0 });
  assert.ok(any.installation.httpPort > 0 && any.installation.httpsPort > 0);
  assert.notEqual(any.installation.httpPort, any.installation.httpsPort);
  assert.deepEqual((await prepareHome(root, { httpPort: 0, httpsPort: 0 })).installation, any.installation);
  assert.deepEqual((await prepareHome(root, silent)).installation, any.installation);
  assert.equal((await prepareHome(root, { httpPort: 8081, httpsPort: undefined })).installation.httpPort, 8081);
});

test("two first starts at the same time agree", async () => {
  const root = join(folder, "home");
  const both = await Promise.all([prepareHome(root, { httpPort: 0, httpsPort: 0 }), prepareHome(root, { httpPort: 0, httpsPort: 0 })]);
  assert.deepEqual(both[0].installation, both[1].installation);
});

test("a folder with other files is left as it is", async () => {
  writeFileSync(join(folder, "letter"), "");
  const mode = statSync(folder).mode;
  await assert.rejects(prepareHome(folder, silent), { code: "usage" });
  assert.equal(statSync(folder).mode, mode);
  await assert.rejects(prepareHome(join(folder, "a".repeat(100)), silent), { code: "usage" });
});

test("each folder and key is its owner's", async () => {
  const { home, installation } = await prepareHome(join(folder, "home"), silent);
  const users = uids(installation);
  prepareDisk(home, installation);
  prepareDisk(home, installation);
  const owned = (path: string) => {
    const { uid, gid, mode } = statSync(path);
    return { uid, gid, mode: (mode & 0o7777).toString(8) };
  };
  assert.deepEqual(owned(home.control), { uid: users.control, gid: users.control, mode: "700" });
  assert.deepEqual(owned(home.edge), { uid: users.control, gid: users.edge, mode: "2750" });
  assert.deepEqual(owned(home.restate), { uid: users.restate, gid: users.control, mode: "2710" });
  assert.deepEqual(owned(home.postgresPassword), { uid: users.control, gid: users.control, mode: "600" });
  assert.deepEqual(owned(home.restateIdentity), { uid: users.restate, gid: users.restate, mode: "600" });
  assert.equal(readFileSync(home.restateIdentityKey, "utf8"), identityKeyOf(readFileSync(home.restateIdentity, "utf8")));
});

test("an empty or short token is nobody's, and is not replaced behind the owner's back", async () => {
  const { home, installation } = await prepareHome(join(folder, "home"), silent);
  for (const content of ["", "\n", "short\n", "two words that are long enough\n"]) {
    writeFileSync(home.token, content);
    assert.throws(() => prepareDisk(home, installation), { code: "key_missing" }, JSON.stringify(content));
    assert.equal(readFileSync(home.token, "utf8"), content);
    assert.ok(!existsSync(home.tokenSha256));
  }
});

test("a link that the owner of a folder put there is not followed", async () => {
  const { home, installation } = await prepareHome(join(folder, "home"), silent);
  const victim = join(folder, "victim");
  writeFileSync(victim, "precious");
  mkdirSync(home.control);
  for (const path of [home.restateIdentityKey, home.postgresPassword]) symlinkSync(victim, path);
  prepareDisk(home, installation);
  assert.equal(readFileSync(victim, "utf8"), "precious");
  assert.equal(statSync(victim).uid, 0);
  assert.ok(existsSync(homeAt(home.root).restateIdentityKey));
});

test("an identity of Restate that was cut off is named, with what to do", async () => {
  const { home, installation } = await prepareHome(join(folder, "home"), silent);
  prepareDisk(home, installation);
  writeFileSync(home.restateIdentity, "");
  assert.throws(() => prepareDisk(home, installation), { code: "key_missing", message: `The key ${home.restateIdentity} cannot be read.` });
  rmSync(home.restateIdentity);
  prepareDisk(home, installation);
});
