import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type DiskBounds, withinDisk } from "./disk-guard.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-disk-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const megabyte = 2 ** 20;
const bounds: DiskBounds = {
  folders: [folder],
  maxBytes: 8 * megabyte,
  maxFiles: 200,
  reserve: { bytes: 0, files: 0 },
  excess: (what) => new SlipError("build_disk_full", what),
};
const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal): Promise<string> => sleep(20_000, "was not ended", { signal });

test("who writes too many bytes is ended", async () => {
  const writing = withinDisk(bounds, never, async (signal) => {
    for (let index = 0; index < 12; index += 1) writeFileSync(join(folder, `${index}`), Buffer.alloc(megabyte, 1));
    return await untilAborted(signal);
  });
  await assert.rejects(writing, { code: "build_disk_full", message: /8 MB/ });
});

test("who makes too many files is ended", async () => {
  const folders: DiskBounds["folders"] = [join(folder, "many")];
  mkdirSync(folders[0]);
  const writing = withinDisk({ ...bounds, folders }, never, async (signal) => {
    for (let index = 0; index < 400; index += 1) writeFileSync(join(folders[0], `${index}`), "");
    return await untilAborted(signal);
  });
  await assert.rejects(writing, { code: "build_disk_full", message: /200 files/ });
});

test("who has written too much when it ends has not ended well", async () => {
  const folders: DiskBounds["folders"] = [join(folder, "quick")];
  mkdirSync(folders[0]);
  const writing = withinDisk({ ...bounds, folders }, never, async () => writeFileSync(join(folders[0], "all at once"), Buffer.alloc(12 * megabyte, 1)));
  await assert.rejects(writing, { code: "build_disk_full" });
});

test("nobody writes once the disk is nearly full", async () => {
  await assert.rejects(withinDisk({ ...bounds, reserve: { bytes: 2 ** 60, files: 0 } }, never, untilAborted), { code: "disk_full" });
});

test("who stays within the bounds is left alone, whatever others write", async () => {
  const own = join(folder, "own");
  mkdirSync(own);
  const result = await withinDisk({ ...bounds, folders: [own] }, never, async (signal) => {
    writeFileSync(join(folder, "of others"), Buffer.alloc(20 * megabyte, 1));
    await sleep(700, undefined, { signal });
    return "done";
  });
  assert.equal(result, "done");
});
