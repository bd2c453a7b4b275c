import assert from "node:assert/strict";
import { test } from "node:test";
import { type Disk, diskCheck } from "./disk-check.ts";

const [megabyte, gigabyte] = [2 ** 20, 2 ** 30];
const free = (bytes: number, files = 1_000_000): Disk["free"] => ({ bytes, files });
const disk = (over: Partial<Disk>): Disk => ({ free: free(50 * gigabyte), usedBytes: 0, mount: "/data", holders: [], ...over });

test("a disk with room is fine, one that is low is a warning, one that is full has failed", () => {
  assert.deepEqual(diskCheck(disk({})), { name: "disk", state: "ok", detail: "50.0 GB free under SLIP_HOME" });
  assert.equal(diskCheck(disk({ free: free(gigabyte) })).state, "warning");
  assert.match(diskCheck(disk({ free: free(100 * megabyte) })).detail, /^nearly full, builds and uploads are refused: 100 MB free/);
  const full = diskCheck(disk({ free: free(3 * megabyte) }));
  assert.equal(full.state, "failed");
  assert.match(full.detail, /^full, .*: 3 MB free/);
});

test("what holds the disk is named, largest first, and what is small is not", () => {
  const holders = [
    { name: "logs", bytes: 3 * megabyte },
    { name: "sources", bytes: 10 },
    { name: "layers", bytes: 900 * megabyte },
  ];
  const { detail } = diskCheck(disk({ free: free(0), usedBytes: 1_000 * megabyte, holders }));
  assert.match(detail, /the disk holds layers 900 MB, not of the platform 96 MB, logs 3 MB$/);
});

test("the command that mends it is about who holds the most", () => {
  const holders = [{ name: "layers", bytes: 400 * megabyte }];
  assert.match(diskCheck(disk({ free: free(0), usedBytes: 500 * megabyte, holders })).fix ?? "", /slip destroy APP/);
  assert.match(diskCheck(disk({ free: free(0), usedBytes: 5_000 * megabyte, holders })).fix ?? "", /^du -xh -d 2 \/data /);
});

test("a disk that has bytes and no number of files left says so, with the command that finds them", () => {
  const low = diskCheck(disk({ free: free(50 * gigabyte, 19_999) }));
  assert.deepEqual([low.state, low.detail], ["warning", "low: 50.0 GB free under SLIP_HOME, but for 19999 more files (inodes) only"]);
  assert.match(low.fix ?? "", /^du -x --inodes -d 3 \/data /);
  assert.match(diskCheck(disk({ free: free(50 * gigabyte, 1_999) })).detail, /^nearly full, builds and uploads are refused: /);
  assert.deepEqual(
    [diskCheck(disk({ free: free(50 * gigabyte, 0) })).state, diskCheck(disk({ free: free(50 * gigabyte, 0) })).detail.slice(0, 5)],
    ["failed", "full,"],
  );
  assert.match(diskCheck(disk({ free: free(gigabyte, 5) })).detail, /^nearly full, .*: 1\.0 GB free under SLIP_HOME, but for 5 more files/);
  assert.match(diskCheck(disk({ free: free(megabyte, 0) })).fix ?? "", /^slip apps/);
});
