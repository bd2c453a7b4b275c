// Fetching from a real git daemon on this machine, and what is refused before git sees it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { GitFetched } from "@slipstream/contract/ports/host.ts";
import { execOrThrow } from "#platform/exec.ts";
import { freePort } from "#platform/ports.ts";
import { readManifest } from "../sources/manifest.ts";
import { buildFixture } from "../testing/build-fixture.ts";
import { gitAddress, gitRef, gitSubfolder } from "./address.ts";
import { gitEnvironment } from "./environment.ts";
import { fetchesFolder } from "./fetch-folder.ts";
import { fetchGit } from "./git.ts";

const fixture = buildFixture(() => assert.fail("a program was started"));
const served = join(fixture.home.root, "served");
const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"];
const commits = new Map<string, string>();
let daemon: ChildProcess;
let port = 0;

const git = (folder: string, ...words: string[]): Promise<string> => execOrThrow(["git", "-C", folder, ...identity, ...words]);
const commit = async (folder: string, name: string): Promise<void> => {
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--allow-empty", "--message", name);
  commits.set(name, (await git(folder, "rev-parse", "HEAD")).trim());
};

const repository = async (name: string, files: Record<string, string>): Promise<string> => {
  const folder = join(served, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  await git(folder, "init", "--quiet");
  return folder;
};

before(async () => {
  port = await freePort();
  await commit(await repository("module", { "m.txt": "module" }), "module");
  const shop = await repository("shop", { "a.txt": "one", "sub/b.txt": "b", "sub/deep/c.txt": "c", ".slipignore": "skipped\n", skipped: "x" });
  await commit(shop, "first");
  await git(shop, "tag", "v1");
  writeFileSync(join(shop, "a.txt"), "two");
  symlinkSync("/etc", join(shop, "sub", "out"));
  await git(shop, "checkout", "--quiet", "-b", "feature/links");
  await commit(shop, "links");
  await git(shop, "checkout", "--quiet", "main");
  daemon = spawn("git", ["daemon", "--reuseaddr", "--export-all", `--base-path=${served}`, "--listen=127.0.0.1", `--port=${port}`], {
    stdio: "ignore",
    detached: true,
  });
  for (
    let attempt = 0;
    attempt < 100 &&
    !(await git(shop, "ls-remote", `git://127.0.0.1:${port}/module`).then(
      () => true,
      () => false,
    ));
    attempt += 1
  )
    await new Promise((resolve) => setTimeout(resolve, 50));
  await git(shop, "checkout", "--quiet", "-b", "with-module");
  await git(shop, "submodule", "--quiet", "add", `git://127.0.0.1:${port}/module`, "mod");
  await commit(shop, "with module");
  await git(shop, "checkout", "--quiet", "-b", "bad-module");
  await git(shop, "config", "--file", ".gitmodules", "submodule.mod.url", "file:///etc");
  await commit(shop, "bad module");
  await git(shop, "checkout", "--quiet", "--force", "main");
});
after(() => {
  process.kill(-(daemon.pid ?? 0), "SIGKILL");
  fixture[Symbol.dispose]();
});

const fetch = (more: { ref?: string; subfolder?: string; url?: string; token?: string }): Promise<GitFetched> => {
  const tags = { tenant: "ten", project: "", app: "", deployment: "", commit: "", instance: "" };
  return fixture.handlers.fetchGit({ id: "g", tenant: "ten", tags, url: `git://127.0.0.1:${port}/shop`, ...more }, new AbortController().signal);
};
const pathsOf = ({ source }: GitFetched): string[] => readManifest(fixture.home, "ten", source).entries.map(({ path }) => path);

const shop = [".slipignore", "a.txt", "sub/b.txt", "sub/deep/c.txt"];

test("the default branch, a tag, a commit and the beginning of one are fetched", async () => {
  const first = commits.get("first") ?? "";
  for (const ref of [undefined, "main", "v1", first, first.slice(0, 9)]) {
    const fetched = await fetch(ref === undefined ? {} : { ref });
    assert.equal(fetched.commit, first, `the ref ${ref}`);
    assert.deepEqual(pathsOf(fetched), shop, `the ref ${ref}`);
  }
  assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
});

test("a folder of the repository is a source of its own", async () => assert.deepEqual(pathsOf(await fetch({ subfolder: "/sub/" })), ["b.txt", "deep/c.txt"]));

test("a package of a workspace comes with all of that, and one behind a link by itself", async () => {
  const workspace = JSON.stringify({ workspaces: ["apps/*"] });
  const mono = await repository("mono", { "js/package.json": workspace, "js/apps/api/package.json": "{}", "js/lib/package.json": "{}", "other.txt": "" });
  await commit(mono, "one");
  const of = (subfolder: string) => fetch({ url: `git://127.0.0.1:${port}/mono`, subfolder });
  const api = await of("js/apps/api");
  assert.deepEqual([api.package, pathsOf(api)], ["apps/api", ["apps/api/package.json", "lib/package.json", "package.json"]]);
  const lib = await of("js/lib");
  assert.deepEqual([lib.package, pathsOf(lib)], [undefined, ["package.json"]]);
  rmSync(join(mono, "js/package.json"));
  writeFileSync(join(mono, "real.json"), workspace);
  symlinkSync("../real.json", join(mono, "js/package.json"));
  await commit(mono, "a link");
  assert.equal((await of("js/apps/api")).package, undefined);
});

test("submodules come along, without their repositories", async () =>
  assert.deepEqual(
    pathsOf(await fetch({ ref: "with-module" })).filter((path) => path.startsWith("mod") || path.includes(".git/")),
    ["mod/m.txt"],
  ));

test("what leads out of the repository is refused", async () => {
  await assert.rejects(fetch({ ref: "feature/links" }), { code: "source_unsafe" });
  await assert.rejects(fetch({ ref: "feature/links", subfolder: "sub/out" }), { code: "source_unsafe" });
  await assert.rejects(fetch({ ref: "bad-module" }), { code: "git_refused" });
  assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
});

test("what is not there is told by its kind", async () => {
  await repository("empty", { "a.txt": "not committed" });
  await assert.rejects(fetch({ url: `git://127.0.0.1:${port}/empty` }), { code: "git_ref_unknown", message: /it is empty/ });
  await assert.rejects(fetch({ ref: "nope" }), { code: "git_ref_unknown" });
  await assert.rejects(fetch({ ref: "0123456789abcdef" }), { code: "git_ref_unknown" });
  await assert.rejects(fetch({ subfolder: "nope" }), { code: "source_missing" });
  await assert.rejects(fetch({ url: `git://127.0.0.1:${port}/none` }), { code: "git_unreachable" });
  await assert.rejects(fetch({ url: "https://127.0.0.1:1/x.git", token: "secret-token" }), (error: Error & { code: string; details: unknown }) => {
    assert.equal(error.code, "git_unreachable");
    assert.ok(!JSON.stringify([error.message, error.details]).includes("secret-token"));
    return true;
  });
});

test("a host that never answers is given up in time, with all that git has started", async () => {
  const silent = net.createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port: silentPort } = silent.address() as net.AddressInfo;
  const url = `http://127.0.0.1:${silentPort}/x.git`;
  const tags = { tenant: "ten", project: "", app: "", deployment: "", commit: "", instance: "" };
  const started = performance.now();
  await assert.rejects(
    fetchGit(fixture.dependencies, { id: "g", tenant: "ten", tags, url }, new AbortController().signal, { timeMs: 1_500, maxBytes: 2 ** 30 }),
    (error: Error & { code: string }) => {
      assert.deepEqual([error.code, error.message], ["git_unreachable", "Fetching from 127.0.0.1 took longer than its limit."]);
      return true;
    },
  );
  assert.ok(performance.now() - started < 10_000);
  silent.close();
  assert.ok(!(await execOrThrow(["ps", "-eo", "args"])).includes(url));
});

test("a repository that is larger than may be fetched is ended, and nothing of it is left", async () => {
  const megabyte = 2 ** 20;
  const large = await repository("large", { "read.me": "" });
  for (let index = 0; index < 32; index += 1) writeFileSync(join(large, `${index}`), randomBytes(megabyte));
  await commit(large, "large");
  const tags = { tenant: "ten", project: "", app: "", deployment: "", commit: "", instance: "" };
  const fetchWithin = (maxBytes: number) =>
    fetchGit(fixture.dependencies, { id: "g", tenant: "ten", tags, url: `git://127.0.0.1:${port}/large` }, new AbortController().signal, {
      timeMs: 60_000,
      maxBytes,
    });
  await assert.rejects(fetchWithin(8 * megabyte), { code: "too_large", message: "Fetching from 127.0.0.1 was ended: it took more than 8 MB of the disk." });
  assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
  assert.equal(pathsOf(await fetchWithin(256 * megabyte)).length, 33);
});

const refusedUrls = [
  "file:///etc",
  "/etc",
  "../other",
  "ext::sh -c touch% /tmp/x",
  "ext::sh",
  "-oProxyCommand=touch",
  "--upload-pack=touch",
  "https://",
  "https://-x/y",
  "ssh://-oProxyCommand=x/y",
  "-x@host:path",
  "user@host:-path",
  "user@-host:path",
  "ftp://host/x",
  "https://host/a b",
  "https://host/a\nb",
  `https://host/${"x".repeat(3_000)}`,
];
for (const url of refusedUrls)
  test(`the address ${JSON.stringify(url.slice(0, 40))} is refused`, () => assert.throws(() => gitAddress(url), { code: "git_refused" }));

for (const url of ["https://example.org/a/b.git", "http://host:8080/a", "ssh://git@host/a", "git://host/a", "git@example.org:a/b.git", "user_1@host:~/x"])
  test(`the address ${url} is accepted`, () => assert.equal(gitAddress(url).url, url));

for (const ref of ["--upload-pack=touch", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a\\b", "/a", "a/", "a.lock", "@{1}", "x".repeat(300), "a\n"])
  test(`the ref ${JSON.stringify(ref.slice(0, 20))} is refused`, () => assert.throws(() => gitRef(ref), { code: "git_refused" }));
test("the refs of every day are accepted", () =>
  assert.deepEqual(["main", "feature/x-1", "v1.2.3", "$(id)", "a;b"].map(gitRef), ["main", "feature/x-1", "v1.2.3", "$(id)", "a;b"]));

for (const folder of ["..", "a/../..", "../a", "/../a", "a\0b"])
  test(`the folder ${JSON.stringify(folder)} is refused`, () => assert.throws(() => gitSubfolder(folder), { code: "git_refused" }));
test("a folder is relative to the repository", () =>
  assert.deepEqual(["", "/", ".", "./a/", "/a/b", "a/../b"].map(gitSubfolder), ["", "", "", "a", "a/b", "b"]));

test("a token is sent to the repository's own host alone, and is in no argument", () => {
  const env = gitEnvironment("/h", "https://example.org:8443/a/b.git", "tok");
  const keys = Object.entries(env).filter(([, value]) => value.startsWith("http.") && value.endsWith("extraHeader"));
  assert.deepEqual(
    keys.map(([, value]) => value),
    ["http.https://example.org:8443/.extraHeader"],
  );
  assert.ok(!Object.values(gitEnvironment("/h", "ssh://git@host/a", "tok")).some((value) => value.includes("tok")));
});

test("no configuration of this machine is read", () => {
  const env = gitEnvironment("/h", "https://h/a", undefined);
  assert.deepEqual([env.GIT_CONFIG_GLOBAL, env.GIT_CONFIG_NOSYSTEM, env.GIT_TERMINAL_PROMPT], ["/dev/null", "1", "0"]);
});
