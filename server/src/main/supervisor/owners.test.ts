import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Home, homeAt } from "#platform/home.ts";
import { newInstallation, uids } from "#platform/installation.ts";
import { diskFolders } from "./folders.ts";
import { foreignFiles, wrongOwners } from "./owners.ts";
import { makeFolders } from "./prepare.ts";

describe("whose the files of an installation are", () => {
  const installation = newInstallation({ httpPort: 1, httpsPort: 2, handlerPort: 3 }, 1);
  const users = uids(installation);
  let home: Home;
  before(() => {
    home = homeAt(mkdtempSync(join(tmpdir(), "slip-owners-")));
    makeFolders(diskFolders(home, users));
    const file = (path: string, uid: number, gid: number): void => {
      mkdirSync(join(path, "inside"));
      writeFileSync(join(path, "inside", "file"), "");
      for (const each of ["inside", "inside/file"]) chownSync(join(path, each), uid, gid);
    };
    file(home.control, users.control, users.control);
    file(home.postgres, users.postgres, users.postgres);
    file(home.hostLogs, 0, users.control);
    file(home.sources, 0, users.control);
    file(home.oci, 0, 0);
  });
  after(() => rmSync(home.root, { recursive: true }));

  it("is right where each has its own, and where root has written for a group", () => {
    assert.deepEqual(foreignFiles(home, installation), []);
    assert.equal(wrongOwners(home, installation), undefined);
  });

  it("is wrong where all became root's, and the commands that are named put it right", () => {
    execFileSync("chown", ["-R", "root:root", home.root]);
    makeFolders(diskFolders(home, users));
    const found = foreignFiles(home, installation);
    const each = [home.control, home.hostLogs, home.postgres, home.sources];
    assert.deepEqual(new Set(found.map(({ file }) => file)), new Set(each.map((path) => join(path, "inside"))));
    assert.match(wrongOwners(home, installation)?.next ?? "", new RegExp(`chown -R ${users.control}:${users.control} ${home.control} && `));
    for (const { command } of found) execFileSync("/bin/sh", ["-c", command]);
    assert.deepEqual(foreignFiles(home, installation), []);
  });
});
