// A layer that was made of the one before is the layer that would have been made of the source alone: same digest, same files.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { imageBlobs } from "#platform/oci/image.ts";
import { blobPath, layerFolder } from "#platform/oci/layout.ts";
import { changedPath } from "#platform/oci/unpacked.ts";
import { collectGarbage } from "./collect.ts";
import { sourceRecords } from "./source-record.ts";
import { storeTree } from "./sources/store.ts";
import { buildFixture } from "./testing/build-fixture.ts";

const fixture = buildFixture(() => Promise.reject(new Error("No program is started here.")));
const { home } = fixture;
after(() => fixture[Symbol.dispose]());

/** A file's text, that of one that can be run, or where a link points to. */
type Thing = string | { run: string } | { link: string };
type Tree = Readonly<Record<string, Thing>>;

const program: Tree = { "package.json": '{"scripts":{"start":"node server.js"}}', "server.js": "" };
/** So many that a few others are few. */
const many: Tree = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`many/${index}`, `${index}`]));

const store = async (tree: Tree): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-tree-"));
  try {
    for (const [path, thing] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (typeof thing === "string") writeFileSync(join(folder, path), thing);
      else if ("run" in thing) writeFileSync(join(folder, path), thing.run, { mode: 0o755 });
      else symlinkSync(thing.link, join(folder, path));
    }
    return await storeTree(home, "ten", folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The digest of the app layer. */
const layerOf = async (app: string, tree: Tree): Promise<string> => {
  const result = await fixture.build(await store({ ...program, ...many, ...tree }), { app });
  assert.ok(result.outcome === "built", JSON.stringify(result));
  return imageBlobs(home, result.artifact).layers.at(-1)?.digest ?? "";
};

const namesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

/** What is in the folder of a layer, apart from folders. */
const filesIn = (folder: string): string[] => namesIn(folder).filter((name) => !lstatSync(join(folder, name)).isDirectory());

/** Whether the layer's folder shares its files with another one's. */
const isLinked = (digest: string): boolean => lstatSync(join(layerFolder(home, digest), "app/package.json")).nlink > 1;

const forget = (...digests: string[]): void => {
  for (const digest of digests) for (const path of [blobPath(home, digest), layerFolder(home, digest)]) rmSync(path, { recursive: true, force: true });
};

let apps = 0;
const newApp = (): string => `app-${++apps}`;

const text = fc.constantFrom<Thing>("", "one", "two", { run: "one" }, "x".repeat(1_500), { link: "server.js" }, { link: "many/1" });
const places = ["a", "a-b/c", "a.b", "b/a", "b/b/c", "b/b", "b-", "é/ü", "😀", "\uFF5E", `${"long".repeat(40)}/${"name".repeat(30)}`, "many/31", "server.js"];
const trees = fc
  .dictionary(fc.constantFrom(...places), text)
  .filter((tree) => !("b/b" in tree && "b/b/c" in tree))
  .map((tree): Tree => ({ ...tree }));

test("a layer made of the last one is the one that the source alone makes", async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, async (before, now) => {
      const [changing, fresh] = [newApp(), newApp()];
      const first = await layerOf(changing, before);
      const made = await layerOf(changing, now);
      if (made === first) return forget(first);
      assert.ok(isLinked(made), "it was made of the last one");
      assert.equal(await changedPath(home, made), undefined, "its folder has what its blob has");
      assert.deepEqual(new Set(filesIn(join(layerFolder(home, made), "app"))), new Set(Object.keys({ ...program, ...many, ...now })));
      const names = namesIn(layerFolder(home, made));
      forget(made, first);
      assert.equal(await layerOf(fresh, now), made);
      assert.ok(!isLinked(made), "it was made of the source alone");
      assert.deepEqual(namesIn(layerFolder(home, made)), names);
      forget(made);
    }),
    { numRuns: 20 },
  );
});

test("a file that stayed is looked at for secrets that came", async () => {
  const app = newApp();
  const tree = { ...program, ...many, "key.txt": "a-value-that-is-long-enough" };
  assert.equal((await fixture.build(await store(tree), { app })).outcome, "built");
  const result = await fixture.build(await store({ ...tree, more: "" }), { app, secrets: { KEY: "a-value-that-is-long-enough" } });
  assert.ok(result.outcome === "failed" && result.failure.code === "secret_in_artifact", JSON.stringify(result));
});

test("a last layer that is damaged, or not unpacked, is not used", async () => {
  const app = newApp();
  const first = await layerOf(app, { a: "1" });
  const bytes = readFileSync(blobPath(home, first));
  bytes[bytes.indexOf("29")] = 0x33;
  writeFileSync(blobPath(home, first), bytes);
  const second = await layerOf(app, { a: "2" });
  assert.deepEqual([isLinked(second), await changedPath(home, second)], [false, undefined]);
  rmSync(layerFolder(home, second), { recursive: true });
  assert.equal(isLinked(await layerOf(app, { a: "3" })), false);
  assert.equal(isLinked(await layerOf(app, { a: "4" })), true);
});

/** A source of so many files that it is several layers. */
const large: Tree = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [`large/${index % 12}/${index}`, `${index}`]));

/** The digests of the app layers, lowest first. */
const layersOf = async (app: string, tree: Tree): Promise<string[]> => {
  const result = await fixture.build(await store({ ...program, ...large, ...tree }), { app });
  assert.ok(result.outcome === "built", JSON.stringify(result));
  const { layers } = imageBlobs(home, result.artifact);
  return layers.map(({ digest }) => digest).filter((digest) => readdirSync(layerFolder(home, digest)).every((name) => name === "app"));
};

test("of a large source the layers stay in which nothing changed, and are those that the source alone makes", async () => {
  const app = newApp();
  const first = await layersOf(app, {});
  assert.ok(first.length > 10, `${first.length} layers`);
  const changes: Tree = { "large/3/3": "other", "large/5/5": { run: "5" } };
  const second = await layersOf(app, changes);
  const others = second.filter((digest) => !first.includes(digest));
  assert.ok(others.length > 0 && others.length <= 2, `${others.length} others`);
  for (const digest of others) assert.equal(await changedPath(home, digest), undefined);
  const files = second.flatMap((digest) => filesIn(join(layerFolder(home, digest), "app")));
  assert.deepEqual(new Set(files), new Set(Object.keys({ ...program, ...large, ...changes })));
  assert.equal(files.length, new Set(files).size);
  forget(...others);
  assert.deepEqual(await layersOf(newApp(), changes), second);
  assert.deepEqual(await layersOf(app, {}), first);
});

test("a layer that stayed is looked at for secrets that came, and made anew where it is damaged", async () => {
  const app = newApp();
  const tree = { ...program, ...large, "key.txt": "a-value-that-is-long-enough" };
  const [digest = ""] = await layersOf(app, { "key.txt": "a-value-that-is-long-enough" });
  const changed = await store({ ...tree, "large/0/0": "other" });
  const result = await fixture.build(changed, { app, secrets: { KEY: "a-value-that-is-long-enough" } });
  assert.ok(result.outcome === "failed" && result.failure.code === "secret_in_artifact", JSON.stringify(result));
  forget(digest);
  const again = await layersOf(app, { "key.txt": "a-value-that-is-long-enough" });
  assert.equal(again[0], digest);
  assert.ok(existsSync(blobPath(home, digest)));
});

test("what is new in most is packed anew", async () => {
  const app = newApp();
  await layerOf(app, {});
  const others = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`others/${index}`, `${index}`]));
  assert.equal(isLinked(await layerOf(app, others)), false);
});

test("what is noted of a layer goes with the layer", async () => {
  await layerOf(newApp(), { own: "layer" });
  const notes = (): string[] => (existsSync(sourceRecords(home)) ? namesIn(sourceRecords(home)).filter((name) => name.endsWith(".json")) : []);
  assert.notEqual(notes().length, 0);
  await collectGarbage(fixture.dependencies, { artifacts: [], sources: [] }, new Map(), 0);
  assert.deepEqual(notes(), []);
});
