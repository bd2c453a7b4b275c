// Repositories that a stranger made by hand, with trees and submodules that no git command would write.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { GitFetched } from "@slipstream/contract/ports/host.ts";
import { exec, execOrThrow } from "#platform/exec.ts";
import { freePort } from "#platform/ports.ts";
import { readManifest } from "../sources/manifest.ts";
import { buildFixture } from "../testing/build-fixture.ts";
import { fetchesFolder } from "./fetch-folder.ts";

const fixture = buildFixture(() => assert.fail("a program was started"));
const served = join(fixture.home.root, "served");
const repository = join(served, "hostile");
const pwned = join(fixture.home.root, "pwned");
let daemon: ChildProcess;
let port = 0;

const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
const git = async (words: readonly string[], input?: string): Promise<string> =>
  (await execOrThrow(["git", "-C", repository, ...identity, ...words], input === undefined ? {} : { input })).trim();
const blob = (content: string): Promise<string> => git(["hash-object", "-w", "--stdin"], content);

interface Entry {
  mode: "100644" | "120000" | "160000" | "040000";
  name: string | Buffer;
  hash: string;
}
/** A tree object as it is written, so that no name is refused on the way in. */
const tree = async (entries: readonly Entry[]): Promise<string> => {
  const parts = entries.flatMap(({ mode, name, hash }) => [
    Buffer.from(`${mode.replace(/^0/, "")} `),
    Buffer.from(name),
    Buffer.alloc(1),
    Buffer.from(hash, "hex"),
  ]);
  writeFileSync(join(fixture.home.root, "tree"), Buffer.concat(parts));
  return await git(["hash-object", "-t", "tree", "-w", "--literally", join(fixture.home.root, "tree")]);
};
const branch = async (name: string, entries: readonly Entry[]): Promise<void> => {
  const commit = await git(["commit-tree", await tree(entries), "-m", name]);
  await git(["update-ref", `refs/heads/${name}`, commit]);
};
const file = async (name: string | Buffer, content = "x"): Promise<Entry> => ({ mode: "100644", name, hash: await blob(content) });
const link = async (name: string, target: string): Promise<Entry> => ({ mode: "120000", name, hash: await blob(target) });
const folder = async (name: string, ...entries: Entry[]): Promise<Entry> => ({ mode: "040000", name, hash: await tree(entries) });

before(async () => {
  port = await freePort();
  mkdirSync(repository, { recursive: true });
  await git(["init", "--quiet"]);
  await branch("main", [await file("a.txt")]);
  daemon = spawn("git", ["daemon", "--reuseaddr", "--export-all", `--base-path=${served}`, "--listen=127.0.0.1", `--port=${port}`], {
    stdio: "ignore",
    detached: true,
  });
  for (let tries = 0; (await exec(["git", "ls-remote", `git://127.0.0.1:${port}/hostile`])).code !== 0; tries += 1) {
    assert.ok(tries < 100, "the daemon answers");
    await sleep(50);
  }
});
after(() => {
  process.kill(-(daemon.pid ?? 0), "SIGKILL");
  fixture[Symbol.dispose]();
});

const fetch = (ref: string): Promise<GitFetched> => {
  const tags = { tenant: "ten", project: "", app: "", deployment: "", commit: "", instance: "" };
  return fixture.handlers.fetchGit({ id: "g", tenant: "ten", tags, url: `git://127.0.0.1:${port}/hostile`, ref }, new AbortController().signal);
};

const hook = `#!/bin/sh\necho hook > ${pwned}\n`;
const refused: Record<string, () => Promise<Entry[]>> = {
  "a folder .git": async () => [await folder(".git", await folder("hooks", await file("post-checkout", hook)))],
  "a folder .GIT, for file systems that do not tell": async () => [await folder(".GIT", await file("config", "[core]\nfsmonitor = touch pwned\n"))],
  "a folder that NTFS takes for .git": async () => [await folder("git~1", await file("config"))],
  "a name of two dots": async () => [await file("..")],
  "a name with a slash": async () => [await file("../../out.txt")],
  "an absolute name": async () => [await file("/etc/slip-out.txt")],
  "an absolute link": async () => [await file("a.txt"), await link("b", "/etc/passwd")],
  "a link out of the tree": async () => [await file("a.txt"), await link("b", "../../../../etc/passwd")],
  "a link out through a link": async () => [
    await file("a.txt"),
    await link("slip.toml", "sub/up/../../etc/passwd"),
    await folder("sub", await link("up", "..")),
  ],
  "a name that is not UTF-8": async () => [await file(Buffer.from([0x61, 0xff, 0xfe]))],
  "a name of 300 characters": async () => [await file("n".repeat(300))],
  ".gitmodules that is a link": async () => [await link(".gitmodules", "/etc/passwd"), await file("a.txt")],
};

for (const [what, entries] of Object.entries(refused))
  test(`${what} is refused, and nothing of it is kept`, async () => {
    const name = `tree-${Object.keys(refused).indexOf(what)}`;
    await branch(name, await entries());
    await assert.rejects(fetch(name), { code: "source_unsafe" });
    assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
    for (const path of [pwned, "/etc/slip-out.txt", join(fetchesFolder(fixture.home), "..", "out.txt")]) assert.ok(!existsSync(path), path);
  });

const addresses = [
  "ext::sh -c touch% /tmp/slip-pwned",
  "file:///etc",
  "/etc",
  "../../../../../etc",
  "--upload-pack=touch /tmp/slip-pwned",
  "-u./payload",
  "ssh://-oProxyCommand=touch%20slip-pwned/x",
  "git@-oProxyCommand=x:y",
  "fd::17",
];
for (const url of addresses)
  test(`a submodule at ${JSON.stringify(url)} runs nothing and is not fetched`, async () => {
    const name = `module-${addresses.indexOf(url)}`;
    const modules = `[submodule "mod"]\n\tpath = mod\n\turl = ${JSON.stringify(url)}\n\tupdate = !touch ${pwned}\n`;
    await branch(name, [await file(".gitmodules", modules), { mode: "160000", name: "mod", hash: "1".repeat(40) }]);
    await assert.rejects(fetch(name), (error: Error & { code?: string }) =>
      /^(git_refused|git_unreachable|git_ref_unknown|source_unsafe)$/.test(error.code ?? ""),
    );
    for (const path of [pwned, "/tmp/slip-pwned"]) assert.ok(!existsSync(path), path);
    assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
  });

for (const [what, [name, path]] of Object.entries({
  "a name that leaves": ["../../../hooks", "mod"],
  "a path that leaves": ["mod", "../../out"],
  "a path in .git": ["mod", ".git/hooks"],
} as Record<string, [string, string]>))
  test(`a submodule with ${what} writes nothing there`, async () => {
    const modules = `[submodule ${JSON.stringify(name)}]\n\tpath = ${path}\n\turl = git://127.0.0.1:${port}/hostile\n`;
    const ref = `sub-${what.replaceAll(" ", "-")}`;
    await branch(ref, [await file(".gitmodules", modules), await file("a.txt"), { mode: "160000", name: "mod", hash: await git(["rev-parse", "main"]) }]);
    await fetch(ref).then(
      ({ source }) =>
        assert.deepEqual(
          readManifest(fixture.home, "ten", source)
            .entries.map((entry) => entry.path)
            .filter((each) => !/^(mod\/)?a\.txt$|^\.gitmodules$/.test(each)),
          [],
        ),
      (error: Error & { code?: string }) => assert.match(error.code ?? String(error), /^(git_|source_)/),
    );
    assert.deepEqual(readdirSync(fetchesFolder(fixture.home)), []);
  });

test("a file behind a link of the same tree is not written where the link leads", async () => {
  await branch("behind", [await link("a", "/etc"), await folder("a", await file("slip-out.txt")), await file("b.txt")]);
  await fetch("behind").catch((error: Error & { code?: string }) => assert.match(error.code ?? "", /^source_unsafe$/));
  assert.ok(!existsSync("/etc/slip-out.txt"));
});

test("names that only look alike, or strange, are kept as they are", async () => {
  await branch("alike", [await file("-rf"), await file("App.js", "1"), await file("app.js", "2"), await file("new\nline"), await file("ä")]);
  const { entries } = readManifest(fixture.home, "ten", (await fetch("alike")).source);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ["-rf", "App.js", "app.js", "new\nline", "ä"],
  );
  rmSync(pwned, { force: true });
});
