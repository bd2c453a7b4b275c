import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { walkFolder } from "./walk.ts";

describe("walking a folder", () => {
  let root: string;
  const write = (files: Record<string, string>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  const paths = (folder = root): string[] =>
    walkFolder(folder)
      .found.map(({ path }) => path)
      .sort((a, b) => (a < b ? -1 : 1));
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "slip-walk-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("finds every file, hidden ones too", () => {
    write({ "a.txt": "", ".env.example": "", "b/c/d.txt": "" });
    assert.deepEqual(paths(), [".env.example", "a.txt", "b/c/d.txt"]);
  });

  it("leaves out what is never source", () => {
    write({ "a.txt": "", ".git/config": "", "node_modules/x.js": "", "sub/node_modules/x.js": "", ".venv/x": "", "sub/__pycache__/x.pyc": "" });
    assert.deepEqual(paths(), ["a.txt"]);
  });

  it("takes back what a rule names, but never .git", () => {
    write({ ".slipignore": "!node_modules\n!.git\n", ".git/config": "", "node_modules/x/y.js": "" });
    assert.deepEqual(paths(), [".slipignore", "node_modules/x/y.js"]);
  });

  it("takes back what a rule of an inner folder names", () => {
    write({ "sub/.slipignore": "!node_modules\n", "sub/node_modules/x/y.js": "", "node_modules/z.js": "" });
    assert.deepEqual(paths(), ["sub/.slipignore", "sub/node_modules/x/y.js"]);
  });

  it("reads nested rules as git does", () => {
    write({
      ".gitignore": "*.log\n/dist\nsecret/\n!keep.log\n",
      "a.log": "",
      "keep.log": "",
      "dist/x": "",
      "sub/dist/x": "",
      "sub/secret/x": "",
      "sub/.gitignore": "!b.log\nonly-here\n",
      "sub/b.log": "",
      "sub/only-here": "",
      "only-here": "",
      "x/a.LOG": "",
    });
    execFileSync("git", ["init", "--quiet"], { cwd: root });
    const ofGit = execFileSync("git", ["ls-files", "--others", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" });
    assert.deepEqual(
      paths(),
      ofGit
        .split("\0")
        .filter((path) => path !== "")
        .sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.deepEqual(paths(), [".gitignore", "keep.log", "only-here", "sub/.gitignore", "sub/b.log", "sub/dist/x", "x/a.LOG"]);
  });

  it("lets .slipignore say more than .gitignore, and less", () => {
    write({ ".gitignore": "dist\n", ".slipignore": "docs\n!dist\n", "dist/x": "", "docs/x": "" });
    assert.deepEqual(paths(), [".gitignore", ".slipignore", "dist/x"]);
  });

  it("heeds the rules above it in a work tree", () => {
    write({ ".git/HEAD": "", ".gitignore": ".env\n", "apps/web/.env": "SECRET=1", "apps/web/index.html": "" });
    assert.deepEqual(paths(join(root, "apps/web")), ["index.html"]);
  });

  it("walks a folder that is left out above when it is asked for by name", () => {
    write({ ".git/HEAD": "", ".gitignore": "dist\n", "dist/index.html": "" });
    assert.deepEqual(paths(join(root, "dist")), ["index.html"]);
  });

  it("keeps links inside the tree, also broken ones", () => {
    write({ "a/b.txt": "" });
    symlinkSync("a/b.txt", join(root, "link"));
    symlinkSync("../missing", join(root, "a/broken"));
    const links = walkFolder(root).found.filter((entry) => entry.type === "link");
    assert.deepEqual(
      new Map(links.map(({ path, target }) => [path, target])),
      new Map([
        ["link", "a/b.txt"],
        ["a/broken", "../missing"],
      ]),
    );
  });

  for (const [name, make] of [
    ["an absolute target", () => symlinkSync("/etc/passwd", join(root, "bad"))],
    ["a target above", () => symlinkSync("../x", join(root, "bad"))],
    [
      "a way out through another link",
      () => {
        mkdirSync(join(root, "sub"));
        symlinkSync("..", join(root, "sub/up"));
        // By its words it ends at sub; the link sub/up ends at the root, so '..' of it is above.
        symlinkSync("sub/up/..", join(root, "bad"));
      },
    ],
    [
      "a way out through another link to what is not there",
      () => {
        mkdirSync(join(root, "sub"));
        symlinkSync("..", join(root, "sub/up"));
        symlinkSync("sub/up/../missing", join(root, "bad"));
      },
    ],
    ["a pipe", () => execFileSync("mkfifo", [join(root, "bad")])],
  ] as [string, () => void][])
    it(`refuses ${name}, and names it`, () => {
      make();
      assert.throws(() => walkFolder(root), { code: "source_unsafe", message: /^bad / });
    });

  it("does not look at links and pipes that are left out", () => {
    write({ ".gitignore": "bad\n" });
    symlinkSync("/etc/passwd", join(root, "bad"));
    assert.deepEqual(paths(), [".gitignore"]);
  });

  it("says what is missing, empty or a file", () => {
    assert.throws(() => walkFolder(join(root, "missing")), { code: "source_missing" });
    mkdirSync(join(root, "only-folders"));
    assert.throws(() => walkFolder(root), { code: "source_empty" });
    write({ file: "" });
    assert.throws(() => walkFolder(join(root, "file")), { code: "source_missing" });
  });

  it("takes names that are no words", () => {
    write({ "$(reboot)": "", "--upload-pack=x": "", "a b": "", "ä\n": "" });
    chmodSync(join(root, "a b"), 0o755);
    assert.deepEqual(paths(), ["$(reboot)", "--upload-pack=x", "a b", "ä\n"]);
  });
});
