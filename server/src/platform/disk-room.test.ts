import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freeBytes, requireRoom } from "./disk-room.ts";
import { homeAt } from "./home.ts";

const home = homeAt(tmpdir());
const megabyte = 2 ** 20;

/** A file system of its own, with room for bytes and for ten files: its root is one. */
const fewFiles = mkdtempSync(join(tmpdir(), "slip-files-"));
execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,nr_inodes=11", "few-files", fewFiles]);
after(() => {
  execFileSync("umount", [fewFiles]);
  rmdirSync(fewFiles);
});

test("what fits beside the reserve is let in", () => {
  requireRoom(home, megabyte, { bytes: 0, files: 0 });
});

test("nothing is let in once the reserve is touched, and what is left is said", () => {
  const left = Math.floor(freeBytes(home.root) / megabyte);
  assert.throws(() => requireRoom(home, 0, { bytes: 2 ** 60, files: 0 }), {
    code: "disk_full",
    status: 507,
    exit: 1,
    message: new RegExp(`has ${String(left).slice(0, 2)}\\d* MB left`),
  });
});

test("what would take of the reserve is not let in, and what it needs is said", () => {
  assert.throws(() => requireRoom(home, 2 ** 60, { bytes: megabyte, files: 0 }), {
    code: "disk_full",
    message: /this needs 1099511627776 MB; 1 MB are left to what runs/,
  });
});

test("nothing is let in once the disk can take few files, however many bytes are free", () => {
  const reserve = { bytes: 0, files: 9 };
  requireRoom(homeAt(fewFiles), 0, reserve);
  for (const name of ["a", "b"]) writeFileSync(join(fewFiles, name), "");
  assert.throws(() => requireRoom(homeAt(fewFiles), 0, reserve), {
    code: "disk_full",
    message: /can take 8 more files \(inodes\); builds and uploads leave 9/,
  });
});
