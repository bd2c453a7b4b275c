import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Installation } from "./installation.ts";
import { newTree, nodeFiles, writeTree } from "./sources.ts";

const git = (folder: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main", ...args], {
    cwd: folder,
    encoding: "utf8",
  }).trim();

const commit = (folder: string, message: string): string => {
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", message);
  return git(folder, "rev-parse", "HEAD");
};

describe("deploys from git", () => {
  const installation = new Installation();
  const work = newTree("repo", nodeFiles('"first"'));
  before(() => installation.up());
  after(() => installation.end());

  it("takes a branch, a tag or a commit of a local repository", async () => {
    git(work, "init", "--quiet");
    const first = commit(work, "first");
    git(work, "tag", "v1");
    writeTree(work, nodeFiles('"second"'));
    const second = commit(work, "second");
    const deployed = await installation.deployLive(`file://${work}#main`, ["--app", "from-git"]);
    assert.equal((await installation.request("from-git")).body, "second");
    await installation.deployLive(`file://${work}#v1`, ["--app", "from-git"]);
    assert.equal((await installation.request("from-git")).body, "first");
    await installation.deployLive(`file://${work}#${second}`, ["--app", "from-git"]);
    assert.equal((await installation.request("from-git")).body, "second");
    const { deployments } = JSON.parse(await installation.expect(0, ["deployments", "from-git", "--json"])) as {
      deployments: { deployment: string; commit: string }[];
    };
    assert.equal(deployments.find((each) => each.deployment === deployed.deployment)?.commit, second);
    assert.ok(deployments.some((each) => each.commit === first));
  });

  it("says which ref there is not", async () => {
    const result = await installation.deploy(`file://${work}#no-such-branch`, ["--app", "from-git"]);
    assert.equal(result.outcome, "failed");
    assert.equal(result.failure?.code, "git_ref_unknown");
    assert.equal((await installation.request("from-git")).body, "second");
  });

  it("says which host there is not", async () => {
    const result = await installation.deploy("https://no-such-host.invalid/a/b.git", ["--app", "from-git"]);
    assert.equal(result.outcome, "failed");
    assert.equal(result.failure?.code, "git_unreachable");
  });

  for (const ref of ["--upload-pack=touch$IFS/tmp/slip-owned", "$(touch /tmp/slip-owned)", "main; touch /tmp/slip-owned", "../../etc", "a".repeat(300)])
    it(`is not fooled by the ref ${ref.slice(0, 40)}`, async () => {
      const ran = await installation.slip(["deploy", `file://${work}#${ref}`, "--app", "from-git", "--json"]);
      assert.ok(ran.code === 1 || ran.code === 2, `${ran.code} ${ran.stderr}`);
      assert.throws(() => rmSync("/tmp/slip-owned"), { code: "ENOENT" });
    });
});
