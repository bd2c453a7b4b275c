// The files of the repository: all that git tracks or would track.
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { RepositoryFile } from "./rule.ts";

const top = resolve(import.meta.dirname, "../..");

export const readRepository = (): RepositoryFile[] =>
  execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: top, encoding: "utf8" })
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(top, path)) && lstatSync(join(top, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(top, path), "utf8") }));
