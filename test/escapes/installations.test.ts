// Two installations of one machine share no secret, and one of them goes on with other keys and tokens, and not without.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";

/** Files that hold a secret, below the folder of an installation. */
const secretFiles = [
  "token",
  "processes/lock",
  "control/sealing.key",
  "control/proof.key",
  "control/requests.key",
  "control/mcp.key",
  "control/oauth-signing.key",
  "control/cookies.key",
  "control/authority-key.pem",
  "control/authority.pem",
  "control/token.sha256",
  "control/postgres-password",
  "control/restate-identity-key",
  "restate/identity.pem",
];

/** What of a file is its own: a PEM file begins and ends like every other, a text ends with its line; bytes are all its own. */
const ownParts = (content: Buffer): string[] => {
  const text = content.toString("latin1");
  if (text.includes("-----BEGIN")) return [text.replaceAll(/-----.*-----|\s/g, "").slice(-60)];
  return [/^[\x20-\x7e]*\n$/.test(text) ? text.trimEnd() : text];
};

describe("installations", { skip: !whole && "two platforms take half a minute; the unit tests of main/ try the same on control alone" }, () => {
  const [first, second] = [new Installation(), new Installation()];
  const both = [first, second];
  const read = (installation: Installation, path: string): Buffer => readFileSync(join(installation.home, path));
  const app = "shop";
  before(async () => {
    await Promise.all(both.map((installation) => installation.up()));
    await first.deployLive(newTree(app, nodeFiles("process.env.TOKEN")), ["--app", app]);
    await first.expect(0, ["secrets", "set", app, "TOKEN=still-there"]);
  });
  after(async () => {
    for (const installation of both) await installation.end();
  });

  it("share no secret", () => {
    const numbers = both.map(
      (installation) => JSON.parse(read(installation, "installation.json").toString()) as { id: string; uidBase: number; subnet: number },
    );
    for (const key of ["id", "uidBase", "subnet"] as const) assert.notEqual(numbers[0]?.[key], numbers[1]?.[key], key);
    const parts = both.map((installation) => secretFiles.flatMap((path) => ownParts(read(installation, path)).map((part) => ({ path, part }))));
    for (const { path, part } of parts[0] ?? []) {
      assert.ok(part.length >= 32, `${path} is long enough to be a secret`);
      for (const other of parts[1] ?? []) assert.notEqual(part, other.part, `${path} and ${other.path}`);
    }
  });

  it("keep every secret for its owner alone, and no file of keys is left out here", () => {
    for (const path of secretFiles.filter((each) => each !== "control/authority.pem")) assert.equal(statSync(join(first.home, path)).mode & 0o077, 0, path);
    const known = new Set(secretFiles);
    for (const name of readdirSync(join(first.home, "control"))) assert.ok(known.has(`control/${name}`), `control/${name} is known`);
    assert.equal(statSync(join(first.home, "control")).mode & 0o077, 0);
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "cat"];
    for (const path of [...secretFiles, "edge/table.json"])
      assert.notEqual(spawnSync("setpriv", [...nobody, join(first.home, path)]).status, 0, `${path} is closed to others`);
  });

  it("do not take one another's token", async () => {
    const token = read(second, "token").toString().trim();
    const { code, stdout } = await first.slip(["apps", "--json"], { env: { SLIP_TOKEN: token } });
    assert.deepEqual([code, (JSON.parse(stdout) as { error: { code: string } }).error.code], [2, "unauthorized"]);
  });

  it("go on with another token, by the command line", async () => {
    const before = read(first, "token").toString().trim();
    await first.expect(0, ["token", "rotate"]);
    assert.notEqual(read(first, "token").toString().trim(), before);
    await first.expect(0, ["apps"]);
    await first.expect(0, ["apps"], { env: { SLIP_TOKEN: before } });
    await first.expect(0, ["token", "rotate", "--now", "--json"]);
    await first.expect(0, ["apps"]);
    assert.equal((await first.slip(["apps"], { env: { SLIP_TOKEN: before } })).code, 2, "the token of before is refused");
    assert.equal(statSync(join(first.home, "token")).mode & 0o777, 0o600);
    const given = JSON.parse(await first.expect(0, ["token", "rotate", "--json"], { env: { SLIP_TOKEN: read(first, "token").toString().trim() } })) as {
      token: string;
    };
    await first.expect(0, ["apps"], { env: { SLIP_TOKEN: given.token } });
    writeFileSync(join(first.home, "token"), `${given.token}\n`);
  });

  it("find out what came of a change of the token that was cut off", async () => {
    const next = join(first.home, "token.next");
    writeFileSync(next, "slip_never_sent_to_the_platform\n", { mode: 0o600 });
    await first.expect(0, ["token", "rotate", "--now"]);
    const { token } = JSON.parse(await first.expect(0, ["token", "rotate", "--json"], { env: { SLIP_TOKEN: read(first, "token").toString().trim() } })) as {
      token: string;
    };
    writeFileSync(next, `${token}\n`, { mode: 0o600 });
    await first.expect(0, ["token", "rotate", "--now"]);
    assert.ok(!existsSync(next));
    await first.expect(0, ["apps"]);
  });

  it("go on with another sealing key, while the app answers", async () => {
    const before = read(first, "control/sealing.key");
    let answers = 0;
    let over: boolean = false;
    const asking = (async () => {
      for (; !over; answers += 1) assert.equal((await first.request(app)).body, "still-there");
    })();
    await first.expect(0, ["keys", "rotate"]);
    over = true;
    await asking;
    assert.ok(answers > 0);
    assert.notDeepEqual(read(first, "control/sealing.key"), before);
    await first.expect(0, ["restart", app]);
    assert.equal((await first.request(app)).body, "still-there", "the secret opens with the new key");
  });

  it("do not start without their key, say so in one sentence, and start with it", async () => {
    const key = join(first.home, "control/sealing.key");
    await first.expect(0, ["down"]);
    renameSync(key, `${key}.away`);
    const { code, stderr } = await first.slip(["up"], { timeoutMs: 120_000 });
    assert.equal(code, 4);
    assert.match(stderr, /The key sealing\.key is not in .*\/control\./);
    assert.match(stderr, /next: Put the file back from the backup of control\//);
    assert.ok(!existsSync(key), "no other is made");
    renameSync(`${key}.away`, key);
    await first.up();
    await first.expect(0, ["restart", app]);
    assert.equal((await first.request(app)).body, "still-there");
  });

  it("do not start with an empty token, and make one where there is none", async () => {
    await second.expect(0, ["down"]);
    const path = join(second.home, "token");
    const before = read(second, "token").toString();
    writeFileSync(path, "");
    const { code, stderr } = await second.slip(["up"]);
    assert.equal(code, 4);
    assert.match(stderr, /is empty or too short/);
    renameSync(path, `${path}.empty`);
    await second.up();
    assert.match(read(second, "token").toString(), /^slip_[\w-]{43}\n$/);
    assert.equal((await second.slip(["apps"], { env: { SLIP_TOKEN: before.trim() } })).code, 2, "the token of before is refused");
  });
});
