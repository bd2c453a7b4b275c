// Layers: packed the same each time, unpacked as they were, and never believed without their digest.
import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { pack } from "tar-stream";
import { execOrThrow } from "#platform/exec.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { commitBlobs, sealBytes } from "./blob-file.ts";
import { blobPath, type Descriptor, layerFolder, mediaTypes, temporaryFolder, temporaryPath } from "./layout.ts";
import { hiddenBy } from "./opaque.ts";
import { packLayer } from "./pack.ts";
import { unpackLayer } from "./unpack.ts";

const isRoot = process.getuid?.() === 0;
const maxBytes = 2 ** 30;
let root: string;
let home: Home;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slip-layer-"));
  home = homeAt(join(root, "home"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const folder = (name: string): string => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
};

const writeTree = (path: string, order: readonly string[]): void => {
  for (const name of order) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), `content of ${name}`);
  }
  symlinkSync("b/c.txt", join(path, "app", "link"));
  writeFileSync(join(path, "app", "run"), "#!/bin/sh\n");
  chmodSync(join(path, "app", "run"), 0o700);
  writeFileSync(join(path, "app", "large"), Buffer.alloc(3 * 2 ** 20, 7));
};

const stored = async (path: string, options: { deleted?: string[] } = {}): Promise<Descriptor> => {
  const sealed = await packLayer(home, path, { maxBytes, ...options });
  await commitBlobs(home, [sealed]);
  return sealed.descriptor;
};

const tarOf = async (add: (tar: ReturnType<typeof pack>) => void): Promise<Descriptor> => {
  const tar = pack();
  add(tar);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const sealed = await sealBytes(home, mediaTypes.layer, Buffer.concat(chunks));
  await commitBlobs(home, [sealed]);
  return sealed.descriptor;
};

const long = `app/${"d".repeat(90)}/${"é".repeat(60)}.txt`;

test("equal trees have equal digests, whatever the order, times and modes of their files", async () => {
  const [one, other] = [folder("one"), folder("other")];
  writeTree(one, ["app/a.txt", "app/b/c.txt", long]);
  writeTree(other, [long, "app/b/c.txt", "app/a.txt"]);
  chmodSync(join(other, "app/a.txt"), 0o600);
  utimesSync(join(other, "app/a.txt"), 1, 1);
  assert.equal((await stored(one)).digest, (await stored(other)).digest);
  writeFileSync(join(other, "app/a.txt"), "changed");
  assert.notEqual((await stored(one)).digest, (await stored(other)).digest);
});

test("an unpacked layer is what was packed, with plain modes", async () => {
  const one = folder("one");
  writeTree(one, ["app/a.txt", long]);
  const layer = await stored(one);
  await Promise.all([unpackLayer(home, layer), unpackLayer(home, layer)]);
  const place = layerFolder(home, layer.digest);
  assert.equal(readFileSync(join(place, long), "utf8"), `content of ${long}`);
  assert.equal(readlinkSync(join(place, "app/link")), "b/c.txt");
  assert.equal(lstatSync(join(place, "app/run")).mode & 0o7777, 0o755);
  assert.equal(lstatSync(join(place, "app/a.txt")).mode & 0o7777, 0o644);
  assert.ok(readFileSync(join(place, "app/large")).equals(Buffer.alloc(3 * 2 ** 20, 7)));
});

test("the folders that everyone may write in are so, in the folder that was packed and in the one that was unpacked", async () => {
  const one = folder("one");
  for (const name of ["tmp", "var/tmp", "etc"]) mkdirSync(join(one, name), { recursive: true });
  const layer = await stored(one);
  await unpackLayer(home, layer);
  for (const place of [one, layerFolder(home, layer.digest)])
    assert.deepEqual(
      ["tmp", "var/tmp", "etc"].map((name) => lstatSync(join(place, name)).mode & 0o7777),
      [0o1777, 0o1777, 0o755],
    );
});

test("a blob that was damaged is not unpacked, and leaves nothing", async () => {
  const one = folder("one");
  writeTree(one, ["app/a.txt"]);
  const layer = await stored(one);
  const bytes = readFileSync(blobPath(home, layer.digest));
  bytes.write("X", bytes.indexOf("content of"));
  writeFileSync(blobPath(home, layer.digest), bytes);
  await assert.rejects(unpackLayer(home, layer), /damaged/);
  assert.ok(!existsSync(layerFolder(home, layer.digest)));
  assert.deepEqual(await execOrThrow(["ls", temporaryFolder(home)]), "");
});

test("a path that leaves the layer is refused", async () => {
  const layer = await tarOf((tar) => tar.entry({ name: "../out.txt" }, "x"));
  await assert.rejects(unpackLayer(home, layer), /leaves it/);
});

test("a path through a link is refused", async () => {
  const outside = folder("outside");
  const layer = await tarOf((tar) => {
    tar.entry({ name: "in", type: "symlink", linkname: outside });
    tar.entry({ name: "in/x.txt" }, "x");
  });
  await assert.rejects(unpackLayer(home, layer), /through a link/);
  assert.ok(!existsSync(join(outside, "x.txt")));
});

test("a layer that is larger than its limit is refused, and leaves nothing", async () => {
  const one = folder("one");
  writeTree(one, ["app/a.txt"]);
  await assert.rejects(packLayer(home, one, { maxBytes: 2 ** 20 }), { code: "image_too_large" });
  assert.equal(await execOrThrow(["ls", temporaryFolder(home)]), "");
});

test("whiteouts of an overlay are in the tar, and come back", { skip: !isRoot && "needs root to make an overlay's whiteout" }, async () => {
  const upper = folder("upper");
  mkdirSync(join(upper, "app"));
  await execOrThrow(["mknod", join(upper, "app/gone.txt"), "c", "0", "0"]);
  const layer = await stored(upper, { deleted: ["app/hidden.txt"] });
  assert.equal(await execOrThrow(["tar", "-tf", blobPath(home, layer.digest)]), "app/\napp/.wh.gone.txt\napp/.wh.hidden.txt\n");
  await unpackLayer(home, layer);
  for (const name of ["gone.txt", "hidden.txt"]) {
    const stats = lstatSync(join(layerFolder(home, layer.digest), "app", name));
    assert.ok(stats.isCharacterDevice() && stats.rdev === 0, name);
  }
});

test("what an opaque folder hides is named", { skip: !isRoot && "needs root to mount an overlay" }, async () => {
  const [lower, upper, work, merged] = [folder("lower"), folder("upper"), folder("work"), folder("merged")];
  for (const name of ["app/m/old.txt", "app/m/deep/old.txt", "app/m/both.txt", "app/n/stays.txt"]) {
    mkdirSync(join(lower, name, ".."), { recursive: true });
    writeFileSync(join(lower, name), "old");
  }
  await execOrThrow(["mount", "-t", "overlay", "overlay", "-o", `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged]);
  try {
    rmSync(join(merged, "app/m"), { recursive: true });
    mkdirSync(join(merged, "app/m/deep"), { recursive: true });
    writeFileSync(join(merged, "app/m/both.txt"), "new");
    writeFileSync(join(merged, "app/n/more.txt"), "new");
  } finally {
    await execOrThrow(["umount", merged]);
  }
  await stored(upper);
  assert.deepEqual(await hiddenBy(upper, [lower], temporaryPath(home)), { names: ["app/m/deep/old.txt", "app/m/old.txt"], marked: true });
});
