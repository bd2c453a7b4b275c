// Builds as the host runs them, in a plain chroot in place of the runtime's sandbox. No test here needs the network.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import type { BuildResult } from "@slipstream/contract/ports/host.ts";
import type { RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import { type Image, openImage } from "#platform/oci/image.ts";
import { blobPath, layerFolder, temporaryFolder } from "#platform/oci/layout.ts";
import { collectGarbage } from "./collect.ts";
import { prepareToolchains, recoverBuilds } from "./handlers.ts";
import { buildFixture, type Fixture, testUser } from "./testing/build-fixture.ts";
import { chrootRunner } from "./testing/chroot-runner.ts";
import { buildSecretsFolder, workspacesFolder } from "./workspace.ts";

const skip = process.getuid?.() !== 0 && "needs root for overlays and chroot";

const hello = (text: string) => ({ "package.json": '{"scripts":{"start":"node server.js"}}', "server.js": text, "lib/a.js": "" });

const built = (result: BuildResult): BuildResult & { outcome: "built" } => {
  assert.equal(result.outcome, "built", JSON.stringify(result));
  return result as BuildResult & { outcome: "built" };
};
const failure = (result: BuildResult) => {
  assert.equal(result.outcome, "failed", JSON.stringify(result));
  return (result as BuildResult & { outcome: "failed" }).failure;
};
const imageOf = (result: BuildResult): Promise<Image> => openImage(fixture.home, built(result).artifact);
const top = (image: Image): string => image.layers.at(-1) ?? "";

const runs: RunOnce[] = [];
const runner = chrootRunner(testUser, (run) => runs.push(run));
/** Toolchains take seconds to make, so the tests share an installation, each with sources of its own. */
const fixture = buildFixture(runner);
beforeEach(() => {
  runs.length = 0;
  fixture.lines.length = 0;
});
after(() => fixture[Symbol.dispose]());

/** Nothing of any build is left but its artifact. */
const assertTidy = ({ home }: Fixture = fixture): void => {
  for (const folder of [workspacesFolder(home), buildSecretsFolder(home), temporaryFolder(home)])
    assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], [], folder);
};

test("a tree without dependencies and build is an image, and no program is started", async () => {
  const result = built(await fixture.build(await fixture.store(hello("one"))));
  assert.deepEqual(result.steps, []);
  assert.equal(runs.length, 0);
  const image = await openImage(fixture.home, result.artifact);
  assert.deepEqual(image.config.args, ["node", "server.js"]);
  assert.equal(image.config.env.PORT, "3000");
  assert.equal(readFileSync(join(top(image), "app/server.js"), "utf8"), "one");
  assert.ok(existsSync(join(image.layers[1] ?? "", "usr/local/bin/node")));
  assertTidy();
});

test("the same source is the same artifact, in another installation too", async () => {
  using other = buildFixture(runner);
  const digests = [fixture, other, fixture].map(async (each) => built(await each.build(await each.store(hello("x")))).artifact);
  assert.equal(new Set(await Promise.all(digests)).size, 1);
});

test("a change of one line makes a layer of the app, and nothing else anew", async () => {
  const made = async (text: string) => imageOf(await fixture.build(await fixture.store(hello(text))));
  const [before, changed] = [await made("before"), await made("changed")];
  assert.deepEqual(changed.layers.slice(0, -1), before.layers.slice(0, -1));
  assert.notEqual(top(changed), top(before));
  assert.equal(runs.length, 0);
});

test("a plain page is served by the static server's layer", async () => {
  const image = await imageOf(await fixture.build(await fixture.store({ "public/index.html": "<p>", "README.md": "" })));
  assert.deepEqual(readdirSync(join(top(image), "app")), ["index.html"]);
  assert.ok(image.layers.some((layer) => existsSync(join(layer, "opt/static-server/main.mjs"))));
});

test("an install runs once for what decides it, and its result is a layer of its own", { skip }, async () => {
  const config = { build: { install: "mkdir -p node_modules/x && cp package.json node_modules/x && touch made" } };
  const source = await fixture.store(hello("one"));
  const image = await imageOf(await fixture.build(source, { config }));
  const dependencies = image.layers.at(-2) ?? "";
  assert.deepEqual(readdirSync(join(dependencies, "app")).sort(), ["made", "node_modules"]);
  assert.deepEqual(readdirSync(join(top(image), "app")).sort(), ["lib", "package.json", "server.js"]);
  const again = built(await fixture.build(source, { config }));
  assert.deepEqual(
    again.steps.map(({ reused }) => reused),
    [true],
  );
  assert.equal(runs.length, 1);
  // A dependency layer that is gone from the disk but for its blob is still used.
  await recoverBuilds(fixture.home);
  assert.equal(built(await fixture.build(source, { config })).artifact, again.artifact);
  assertTidy();
});

test("a build sees the tree and its dependencies, and what it changes is the app layer", { skip }, async () => {
  const build =
    "cat node_modules/x/a > out.txt && rm lib/a.js && rm node_modules/x/b && rm -r node_modules/y && mkdir node_modules/y && touch node_modules/y/new";
  const install = "mkdir -p node_modules/x node_modules/y && echo from-x > node_modules/x/a && touch node_modules/x/b node_modules/y/old";
  const result = await fixture.build(await fixture.store(hello("one")), { config: { build: { install, command: build } } });
  const app = join(top(await imageOf(result)), "app");
  assert.equal(readFileSync(join(app, "out.txt"), "utf8"), "from-x\n");
  assert.ok(!existsSync(join(app, "lib/a.js")));
  assert.ok(lstatSync(join(app, "node_modules/x/b")).isCharacterDevice());
  const names = readFileSync(
    blobPath(
      fixture.home,
      `sha256:${top(await imageOf(result))
        .split("/")
        .at(-1)}`,
    ),
    "latin1",
  );
  for (const name of ["app/node_modules/x/.wh.b\0", "app/node_modules/y/.wh.old\0", "app/node_modules/y/new\0"]) assert.ok(names.includes(name), name);
  assertTidy();
});

test("a folder of a dependency that the build renames is whole in the app layer", { skip }, async () => {
  const install = "mkdir -p node_modules/x/deep && echo inside > node_modules/x/deep/a";
  const result = await fixture.build(await fixture.store(hello("renames")), { config: { build: { install, command: "mv node_modules/x node_modules/z" } } });
  const app = join(top(await imageOf(result)), "app");
  assert.equal(readFileSync(join(app, "node_modules/z/deep/a"), "utf8"), "inside\n");
});

test("only the output folder of a front-end build is in the artifact", { skip }, async () => {
  const files = { "package.json": '{"scripts":{"build":"mkdir -p dist/assets && echo page > dist/index.html"}}', "src/a.js": "" };
  const image = await imageOf(await fixture.build(await fixture.store(files)));
  assert.deepEqual(readdirSync(join(top(image), "app")).sort(), ["assets", "index.html"]);
  assert.equal(image.layers.length, 4);
});

test("of a package of a workspace the artifact has what its build makes, after those of the packages that it needs", { skip }, async () => {
  const files = {
    "package.json": '{"workspaces":["*"]}',
    "web/package.json": '{"name":"web","scripts":{"build":"mkdir -p dist && cp ../lib/made dist/index.html"},"dependencies":{"lib":"*"}}',
    "lib/package.json": '{"name":"lib","version":"1.0.0","scripts":{"build":"pwd > made"}}',
  };
  const image = await imageOf(await fixture.build(await fixture.store(files), { config: { build: { package: "web" } } }));
  assert.equal(readFileSync(join(top(image), "app/index.html"), "utf8"), "/app/lib\n");
  const named = { "web/pages/index.html": "", "index.html": "", ...files };
  const report = failure(await fixture.build(await fixture.store(named), { config: { build: { package: "web", output: "out" } } }));
  const meant = ["dist", "pages"].map((folder) => `Set [build] output = "${folder}" in slip.toml.`);
  assert.deepEqual([report.code, new Set(report.nextActions)], ["output_missing", new Set(meant)]);
});

test("a build at the top of a workspace that makes no site names the packages that start", { skip }, async () => {
  const files = { "package.json": '{"workspaces":["*"],"scripts":{"build":"true"}}', "page/index.html": "" };
  const starting = Object.fromEntries(["one", "two"].map((name) => [`${name}/package.json`, `{"name":"${name}","scripts":{"start":"node ."}}`]));
  const report = failure(await fixture.build(await fixture.store({ ...files, ...starting })));
  assert.deepEqual([report.code, report.suspectedCause], ["output_missing", "The package at the top has no start script; one, two have one."]);
  assert.match(report.nextActions[0] ?? "", /^Deploy that package: 'slip deploy SOURCE --subfolder one'/);
});

test("a build that makes no output folder, or a link in its place, has failed", { skip }, async () => {
  for (const command of ["true", "ln -s /etc site", "ln -s / b && mkdir -p /app/c", "mkdir site && rmdir site"]) {
    const output = command.includes(" b ") ? "b/etc" : "site";
    const report = failure(await fixture.build(await fixture.store({ "index.html": "" }), { config: { build: { command, output } } }));
    assert.equal(report.code, "output_missing", command);
  }
  const outside = failure(await fixture.build(await fixture.store({ "index.html": "" }), { config: { build: { output: "../.." } } }));
  assert.equal(outside.code, "output_missing");
  assert.ok(existsSync("/etc/passwd"));
  assertTidy();
});

test("names that no image can carry are refused, and nothing of them is left", { skip }, async () => {
  const deep = "name=$(printf %0200d 0); for i in $(seq 40); do mkdir $name && cd -P $name || exit 1; done";
  for (const command of ["touch .wh.server.js", "mkdir lib/.wh...", "touch $(printf 'x\\377')", deep]) {
    const report = failure(await fixture.build(await fixture.store(hello("one")), { config: { build: { command } } }));
    assert.equal(report.code, "artifact_unsafe", command);
    assert.ok(!report.summary.includes(fixture.home.root), report.summary);
    assertTidy();
  }
  assert.equal(failure(await fixture.build(await fixture.store({ ...hello("one"), "lib/.wh.a.js": "" }))).code, "artifact_unsafe");
});

test("what one app has downloaded or installed is nothing for another", { skip }, async () => {
  const source = await fixture.store(hello("one"));
  const config = { build: { install: "test ! -e /cache/mark && touch /cache/mark && mkdir node_modules" } };
  built(await fixture.build(source, { config, app: "one" }));
  built(await fixture.build(source, { config, app: "other" }));
  assert.equal(runs.length, 2);
});

test("links that an install leaves in place of folders are not followed", { skip }, async () => {
  const outside = join(fixture.home.root, "outside");
  mkdirSync(join(outside, "in"), { recursive: true });
  writeFileSync(join(outside, "in/package.json"), "keep");
  const install = `rm -r in && ln -s ${outside}/in in && mkdir node_modules`;
  built(await fixture.build(await fixture.store({ ...hello("x"), "in/package.json": "{}" }), { config: { build: { install } } }));
  assert.equal(readFileSync(join(outside, "in/package.json"), "utf8"), "keep");
});

test("secrets are there for the build, and nowhere after it", { skip }, async () => {
  const value = "s3cret-value-of-the-test";
  const command = 'test "$TOKEN" = "$(cat /run/secrets/TOKEN)" && echo "token: $TOKEN" && touch done && ! touch /run/secrets/x 2>/dev/null';
  const result = await fixture.build(await fixture.store(hello("one")), { config: { build: { command } }, secrets: { TOKEN: value } });
  const image = await imageOf(result);
  assert.ok(existsSync(join(top(image), "app/done")));
  assert.ok(fixture.lines.some(({ text }) => text.startsWith("token: ") && !text.includes(value)));
  assert.ok(!JSON.stringify([fixture.lines, image]).includes(value));
  assert.ok(!readFileSync(blobPath(fixture.home, built(result).artifact), "utf8").includes(value));
  assertTidy();
});

test("a step that fails is told by its last lines and the place that they name", { skip }, async () => {
  const command = "seq 1 50; echo 'src/page.ts(3,7): error TS2304: Cannot find name x.' >&2; exit 7";
  const report = failure(await fixture.build(await fixture.store(hello("one")), { config: { build: { command } } }));
  assert.equal(report.code, "build_failed");
  assert.equal(report.phase, "build");
  assert.match(report.summary, /ended with 7/);
  assert.equal(report.evidence.length, 20);
  assert.match(report.evidence.at(-1) ?? "", /TS2304/);
  assert.deepEqual([report.file, report.line], ["src/page.ts", 3]);
  assert.ok(report.nextActions.length > 0);
  assertTidy();
});

test("a failed install is install_failed, and is not used again", { skip }, async () => {
  const source = await fixture.store(hello("one"));
  const config = { build: { install: "mkdir node_modules; exit 1" } };
  assert.equal(failure(await fixture.build(source, { config })).code, "install_failed");
  assert.equal(failure(await fixture.build(source, { config })).code, "install_failed");
  assert.equal(runs.length, 2);
});

test("a build that takes too long is ended", { skip }, async () => {
  const started = performance.now();
  const report = failure(await fixture.build(await fixture.store(hello("one")), { config: { build: { command: "sleep 60", timeout: 500 } } }));
  assert.equal(report.code, "build_timeout");
  assert.ok(performance.now() - started < 20_000);
  assertTidy();
});

test("a cancelled build ends within two seconds and leaves nothing", { skip }, async () => {
  await prepareToolchains(fixture.home);
  const result = fixture.build(await fixture.store(hello("one")), { id: "long", config: { build: { command: "echo begun; sleep 60" } } });
  let isOver = false;
  void result.then(() => {
    isOver = true;
  });
  while (!isOver && !fixture.lines.some(({ text }) => text === "begun")) await new Promise((resolve) => setTimeout(resolve, 20));
  const started = performance.now();
  await fixture.handlers.cancelBuild({ id: "long" }, new AbortController().signal);
  assert.deepEqual(await result, { outcome: "cancelled" });
  assert.ok(performance.now() - started < 2_000);
  assertTidy();
});

test("a build that is asked for again while it runs is joined", { skip }, async () => {
  const source = await fixture.store(hello("one"));
  const ask = () => fixture.build(source, { id: "same", config: { build: { command: "sleep 0.3" } } });
  const [first, second] = await Promise.all([ask(), ask()]);
  assert.deepEqual(first, second);
  assert.equal(runs.length, 1);
});

test("what a killed process left of its builds is removed", async () => {
  const artifact = built(await fixture.build(await fixture.store(hello("one")))).artifact;
  for (const folder of [workspacesFolder(fixture.home), buildSecretsFolder(fixture.home), temporaryFolder(fixture.home)])
    mkdirSync(join(folder, "left/over"), { recursive: true });
  await recoverBuilds(fixture.home);
  assertTidy();
  const image = await openImage(fixture.home, artifact);
  assert.equal(readFileSync(join(top(image), "app/server.js"), "utf8"), "one");
});

test("a source that is wrong is told by the error of its kind", async () => {
  const code = async (files: Record<string, string>) => failure(await fixture.build(await fixture.store(files))).code;
  assert.equal(await code({ "README.md": "" }), "no_buildpack");
  assert.equal(await code({ "package.json": "{}" }), "no_start_command");
  assert.equal(failure(await fixture.build(`sha256:${"0".repeat(64)}`)).code, "source_missing");
});

test("the config of a source is read, and a wrong one is told", async () => {
  const read = async (text: string) =>
    fixture.handlers.readConfig({ id: "c", tenant: "ten", source: await fixture.store({ "slip.toml": text }) }, new AbortController().signal);
  assert.deepEqual((await read('[run]\nmemory = "16MB"')).config, { run: { memory: 2 ** 24 } });
  await assert.rejects(read("[run]\nx = 1"), { code: "invalid_config" });
});

test("garbage collection keeps what is named or in use, and deletes and counts the rest", async () => {
  const { home, dependencies } = fixture;
  const sources = [await fixture.store(hello("one")), await fixture.store(hello("two")), await fixture.store(hello("three"))];
  const artifacts: string[] = [];
  for (const source of sources) artifacts.push(built(await fixture.build(source)).artifact);
  const images = await Promise.all(artifacts.map((artifact) => openImage(home, artifact)));
  const [kept = "", gone = ""] = artifacts;
  const used = top(images[2] as Image);
  const inUse = { ...dependencies, layersInUse: () => Promise.resolve(new Set([used])) };
  const counted = await collectGarbage(inUse, { artifacts: [kept], sources: [{ tenant: "ten", source: sources[0] ?? "" }] }, new Map(), 0);
  assert.ok(counted.removed >= 4 && counted.freedBytes > 0, JSON.stringify(counted));
  assert.equal(readFileSync(join(top(await openImage(home, kept)), "app/server.js"), "utf8"), "one");
  await assert.rejects(openImage(home, gone), { code: "not_found" });
  assert.ok(existsSync(used));
  assert.ok(!existsSync(top(images[1] as Image)));
  built(await fixture.build(sources[0] ?? ""));
  assert.equal(failure(await fixture.build(sources[1] ?? "")).code, "source_missing");
  const young = await collectGarbage(dependencies, { artifacts: [], sources: [] }, new Map());
  assert.ok(
    existsSync(
      layerFolder(
        home,
        `sha256:${top(images[0] as Image)
          .split("/")
          .at(-1)}`,
      ),
    ),
    JSON.stringify(young),
  );
});
