import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "#platform/home.ts";
import { ballastStep, giveUpBallast, makeBallast, noRoomToStart } from "./ballast.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-ballast-"));
after(() => rmSync(folder, { recursive: true }));
const home = homeAt(folder);
const roomy = { ballastBytes: 2 ** 20, lastBytes: 0, reserveBytes: 0 };

test("it is given up below the last room, and made where builds keep theirs", () => {
  const limits = { ballastBytes: 100, lastBytes: 50, reserveBytes: 400 };
  assert.equal(ballastStep(49, true, limits), "give up");
  assert.equal(ballastStep(50, true, limits), "leave");
  assert.equal(ballastStep(499, false, limits), "leave");
  assert.equal(ballastStep(500, false, limits), "make");
});

test("it takes its room on the disk, and gives it back when that is needed", async () => {
  await makeBallast(home, roomy);
  assert.ok(statSync(home.ballast).blocks * 512 >= 2 ** 20, "it is no empty file with a size");
  assert.equal(giveUpBallast(home, roomy), false);
  assert.ok(existsSync(home.ballast));
  assert.equal(giveUpBallast(home, { ...roomy, lastBytes: 2 ** 60 }), true);
  assert.equal(giveUpBallast(home, { ...roomy, lastBytes: 2 ** 60 }), false);
  assert.deepEqual(readdirSync(folder), []);
});

test("where there is no room for it nothing is left behind", async () => {
  await makeBallast(home, { ...roomy, ballastBytes: 2 ** 62, reserveBytes: -(2 ** 62) });
  assert.deepEqual(readdirSync(folder), []);
});

test("a process that finds no room to start in says which kind of room", () => {
  const bytes = noRoomToStart("postgres", "/data", { bytes: 3 * 2 ** 20, files: 1_000 }, []);
  assert.deepEqual([bytes.code, bytes.message], ["disk_full", "postgres does not start: the disk of /data is full, with 3 MB left."]);
  const files = noRoomToStart("restate", "/data", { bytes: 2 ** 31, files: 0 }, []);
  assert.equal(files.message, "restate does not start: the disk of /data can take no more files (inodes).");
  assert.match(files.next, /^Remove 2000 files on that disk/);
});
