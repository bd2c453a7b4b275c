// What is known of contents is what is on the disk, whoever has changed that meanwhile.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "#platform/home.ts";
import { KnownContents } from "./known-contents.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-known-"));
after(() => rmSync(folder, { recursive: true }));
const home = homeAt(folder);

/** Contents that are in one folder. */
const [one, two, three] = ["1", "2", "3"].map((digit) => digit.padStart(64, "0")) as [string, string, string];

const write = (tenant: string, sha256: string, text: string): string => {
  const path = home.sourceBlob(tenant, sha256);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};
/** As if nothing had been changed in it for a while. */
const settle = (path: string): void => utimesSync(dirname(path), 1_700_000_000, 1_700_000_000);
const sizes = async (known: KnownContents, tenant: string): Promise<(number | undefined)[]> =>
  [one, two, three].map(await known.look(tenant, [one, two, three]));

test("what was added to a folder, and what was taken from it, is seen", async () => {
  const known = new KnownContents(home, 3);
  assert.deepEqual(await sizes(known, "a"), [undefined, undefined, undefined]);
  const path = write("a", one, "1");
  assert.deepEqual(await sizes(known, "a"), [1, undefined, undefined]);
  settle(path);
  assert.deepEqual(await sizes(known, "a"), [1, undefined, undefined]);
  write("a", two, "22");
  assert.deepEqual(await sizes(known, "a"), [1, 2, undefined]);
  settle(path);
  await sizes(known, "a");
  rmSync(path);
  assert.deepEqual(await sizes(known, "a"), [undefined, 2, undefined]);
  assert.deepEqual(await sizes(known, "b"), [undefined, undefined, undefined], "another tenant's are others");
});

test("a folder that has not changed is not looked into again, one that changed just now is", async () => {
  const known = new KnownContents(home, 3);
  const path = write("c", one, "12345");
  await sizes(known, "c");
  truncateSync(path, 4);
  assert.deepEqual(await sizes(known, "c"), [4, undefined, undefined], "changed just now");
  settle(path);
  await sizes(known, "c");
  truncateSync(path, 3);
  assert.deepEqual(await sizes(known, "c"), [4, undefined, undefined], "known");
});

test("of a source of few files each is looked at", async () => {
  const known = new KnownContents(home, 4);
  const path = write("d", one, "12345");
  settle(path);
  await sizes(known, "d");
  truncateSync(path, 4);
  assert.deepEqual(await sizes(known, "d"), [4, undefined, undefined]);
});
