// An app that nobody here wrote: a starter of Vite, as its authors publish it, deployed from git.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { serveGit } from "./git-server.ts";
import { Installation } from "./installation.ts";
import { newTree } from "./sources.ts";

const execute = promisify(execFile);
const starters = "create-vite@9.3.0";
const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];

/** A bare repository `starter.git` below the folder that comes back, with the starter `template` in it. */
const publishStarter = async (template: string): Promise<string> => {
  const root = newTree("published", {});
  await execute("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", root, starters], { cwd: root });
  const work = join(root, "work");
  cpSync(join(root, "node_modules", "create-vite", template), work, { recursive: true });
  renameSync(join(work, "_gitignore"), join(work, ".gitignore"));
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "Start"],
  ])
    await execute("git", [...identity, ...args], { cwd: work });
  await execute("git", ["clone", "--quiet", "--bare", work, join(root, "starter.git")]);
  return root;
};

describe("an app that nobody here wrote", () => {
  const installation = new Installation();
  before(() => installation.up());
  after(() => installation.end());

  it("deploys from git, with its dependencies and its front-end build", async () => {
    const server = await serveGit(await publishStarter("template-react-ts"));
    try {
      const result = await installation.deployLive(`${server.url}/starter.git#main`);
      assert.equal(result.app, "starter");
      const page = await installation.request("starter");
      const script = /src="(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1];
      assert.ok(script, page.body);
      assert.match((await installation.request("starter", script)).body, /createElement|jsx/);
      assert.equal((await installation.request("starter", "/a/path/of/the/browser")).body, page.body, "the app routes in the browser");
    } finally {
      await server.close();
    }
  });
});
