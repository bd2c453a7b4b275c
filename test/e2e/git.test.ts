import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { serveGit } from "./git-server.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles, nodeProgram, writeTree } from "./sources.ts";

const Subnet = z.object({ subnet: z.number() });
const execute = promisify(execFile);
const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];

/** Not synchronous: a server of this process may have to answer it. */
const git = async (folder: string, ...args: string[]): Promise<string> => (await execute("git", [...identity, ...args], { cwd: folder })).stdout.trim();

const commit = async (folder: string, message: string): Promise<string> => {
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--message", message);
  return git(folder, "rev-parse", "HEAD");
};

describe("deploys from git", () => {
  const installation = jointInstallation();
  const work = newTree("repo", nodeFiles('"first"'));
  before(() => installation.up());
  after(() => installation.end());

  it("takes a branch, a tag or a commit of a local repository", async () => {
    await git(work, "init", "--quiet");
    const first = await commit(work, "first");
    await git(work, "tag", "v1");
    writeTree(work, nodeFiles('"second"'));
    const second = await commit(work, "second");
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

  it("takes a repository over HTTP, with its subfolders and submodules", async () => {
    const root = newTree("served", {});
    const library = newTree("library", { "word.js": 'module.exports = "from a submodule";\n' });
    await git(library, "init", "--quiet");
    await commit(library, "library");
    await git(root, "clone", "--quiet", "--bare", library, "library.git");
    const server = await serveGit(root);
    try {
      const monorepo = newTree("monorepo", {});
      writeTree(`${monorepo}/apps/shop`, { ...nodeFiles('require("./library/word.js")') });
      await git(monorepo, "init", "--quiet");
      await git(monorepo, "submodule", "--quiet", "add", `${server.url}/library.git`, "apps/shop/library");
      await commit(monorepo, "monorepo");
      await git(root, "clone", "--quiet", "--bare", monorepo, "monorepo.git");
      await installation.deployLive(`${server.url}/monorepo.git#main`, ["--app", "over-http", "--subfolder", "apps/shop"]);
      assert.equal((await installation.request("over-http")).body, "from a submodule");
    } finally {
      await server.close();
    }
  });

  it("makes two apps of one workspace, from a folder and over HTTP, which stay what they are when files are laid over them", async () => {
    const says = (word: string) => `${JSON.stringify(word)} + require("@work/lib")`;
    const ofPackage = (name: string) => JSON.stringify({ name, scripts: { start: "node server.js" }, dependencies: { "@work/lib": "*" } });
    const workspace = newTree("workspace", {
      ".gitignore": "node_modules\n",
      "package.json": JSON.stringify({ private: true, workspaces: ["apps/*", "packages/*"] }),
      "packages/lib/package.json": JSON.stringify({ name: "@work/lib", main: "made.js", scripts: { build: "cp source.js made.js" } }),
      "packages/lib/source.js": 'module.exports = " of the workspace";\n',
    });
    for (const name of ["one", "two"]) writeTree(join(workspace, "apps", name), { ...nodeFiles(says(name)), "package.json": ofPackage(name) });
    await git(workspace, "init", "--quiet");
    await commit(workspace, "workspace");
    const root = newTree("served", {});
    await git(root, "clone", "--quiet", "--bare", workspace, "workspace.git");
    const server = await serveGit(root);
    try {
      await installation.deployLive(join(workspace, "apps/one"));
      await installation.deployLive(`${server.url}/workspace.git`, ["--subfolder", "apps/two"]);
    } finally {
      await server.close();
    }
    for (const name of ["one", "two"]) assert.equal((await installation.request(name)).body, `${name} of the workspace`);
    const folder = newTree("patch", { "apps/two/server.js": nodeProgram(says("patched")) });
    await installation.expect(0, ["patch", "two", "apps/two/server.js"], { cwd: folder });
    assert.equal((await installation.request("two")).body, "patched of the workspace");
  });

  it("reaches no address of the machine that is not named, by its own address, a submodule or a redirect", async () => {
    const root = newTree("served", {});
    await git(root, "clone", "--quiet", "--bare", work, "app.git");
    const { subnet } = Subnet.parse(JSON.parse(readFileSync(join(installation.home, "installation.json"), "utf8")));
    const closed = await serveGit(root, { address: `10.${subnet}.0.1` });
    const open = await serveGit(root);
    const redirecting = await serveGit(root, { redirectTo: closed.url });
    try {
      const withModule = newTree("with-module", nodeFiles('"never"'));
      await git(withModule, "init", "--quiet");
      await git(withModule, "submodule", "--quiet", "add", `${closed.url}/app.git`, "module");
      await commit(withModule, "with a submodule");
      await git(root, "clone", "--quiet", "--bare", withModule, "with-module.git");
      closed.asked.length = 0;
      for (const url of [`${closed.url}/app.git`, `${open.url}/with-module.git#main`, `${redirecting.url}/app.git`, "http://169.254.169.254/app.git"]) {
        const { outcome, failure } = await installation.deploy(url, ["--app", "from-git"]);
        assert.deepEqual([outcome, failure?.code], ["failed", "git_refused"], `${url}: ${JSON.stringify(failure)}`);
        assert.match(failure?.evidence.join("\n") ?? "", /Refused by the firewall: (10\.\d+\.0\.1|169\.254\.169\.254) port \d+/, url);
        assert.match(failure?.nextActions.join(" ") ?? "", /SLIP_GIT_HOSTS/);
      }
      assert.deepEqual(closed.asked, []);
      assert.equal((await installation.request("from-git")).body, "second");
    } finally {
      for (const server of [closed, open, redirecting]) await server.close();
    }
  });

  it("deploys an app that others wrote: React and TypeScript, as Vite's own generator makes it", async () => {
    const folder = newTree("generator", {});
    await execute("npm", ["pack", "create-vite@7.1.3", "--silent"], { cwd: folder });
    await execute("tar", ["-xzf", "create-vite-7.1.3.tgz"], { cwd: folder });
    const template = join(folder, "package", "template-react-ts");
    await rename(join(template, "_gitignore"), join(template, ".gitignore"));
    await git(template, "init", "--quiet");
    await commit(template, "as it was made");
    await git(folder, "clone", "--quiet", "--bare", template, "served/react.git");
    const server = await serveGit(join(folder, "served"));
    try {
      await installation.deployLive(`${server.url}/react.git`);
      const page = await installation.request("react");
      assert.match(page.body, /<title>Vite \+ React \+ TS<\/title>/);
      const script = /src="(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1] ?? "";
      assert.equal((await installation.request("react", script)).status, 200);
    } finally {
      await server.close();
    }
  });

  it("takes a private repository by a token that shows nowhere", async () => {
    const root = newTree("served", {});
    await git(root, "clone", "--quiet", "--bare", work, "private.git");
    const token = "a-token-of-this-test";
    const server = await serveGit(root, { password: token });
    try {
      await installation.expect(0, ["apps", "create", "private"]);
      const refused = await installation.deploy(`${server.url}/private.git`, ["--app", "private"]);
      assert.equal(refused.failure?.code, "git_unreachable");
      await installation.expect(0, ["secrets", "set", "private", `GIT_TOKEN=${token}`]);
      await installation.deployLive(`${server.url}/private.git`, ["--app", "private", "--token-secret", "GIT_TOKEN"]);
      assert.equal((await installation.request("private")).status, 200);
      const said = await installation.expect(0, ["logs", "private", "--build", "--platform", "--runtime"]);
      assert.ok(!said.includes(token));
    } finally {
      await server.close();
    }
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
