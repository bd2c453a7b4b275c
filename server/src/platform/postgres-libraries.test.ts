import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { linkPostgresLibraries } from "./postgres-libraries.ts";
import { postgresPackage } from "./postgres-server.ts";

let code = "";
let libraries = "";
beforeEach(() => {
  code = mkdtempSync(join(tmpdir(), "slip-libraries-"));
  libraries = join(postgresPackage(code), "native/lib");
  mkdirSync(libraries, { recursive: true });
  writeFileSync(join(libraries, "libpq.so.5.18"), "library");
  const links = ["libpq.so", "libpq.so.5"].map((name) => ({ source: "native/lib/libpq.so.5.18", target: `native/lib/${name}` }));
  writeFileSync(join(postgresPackage(code), "native/pg-symlinks.json"), JSON.stringify(links));
});
afterEach(() => rmSync(code, { recursive: true }));

const read = (name: string): string => readFileSync(join(libraries, name), "utf8");

test("the links that the package lists lead to its libraries", () => {
  linkPostgresLibraries(code);
  assert.deepEqual([read("libpq.so"), read("libpq.so.5")], ["library", "library"]);
});

test("links that are there stay, those that are missing are added", () => {
  symlinkSync("libpq.so.5.18", join(libraries, "libpq.so"));
  linkPostgresLibraries(code);
  linkPostgresLibraries(code);
  assert.equal(read("libpq.so.5"), "library");
});

test("a package that is not there is told of", () => {
  rmSync(postgresPackage(code), { recursive: true });
  assert.throws(() => linkPostgresLibraries(code), /ENOENT.*pg-symlinks\.json/);
});
