// Git for builds whose dependencies come from repositories: the machine's own, which fetches the platform's sources too.
import { existsSync, statSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { librariesOf } from "#platform/libraries.ts";
import { copyMachineFile } from "./machine-files.ts";

const program = "/usr/bin/git";
const core = "/usr/lib/git-core";

export const gitKey = (): string => (existsSync(program) ? `git 1 ${statSync(program).size}:${statSync(program).mtimeMs}` : "none");

/** Throws `toolchain_unavailable` on a machine without git. */
export const makeGit = async (root: string): Promise<void> => {
  if (!existsSync(program))
    throw new SlipError("toolchain_unavailable", "A dependency comes from a git repository, and this machine has no git.", {
      next: "Install git on the machine.",
    });
  const programs = [program, join(core, "git-remote-http"), join(core, "git-submodule"), join(core, "git-sh-setup"), "/usr/bin/ssh"].filter((path) =>
    existsSync(path),
  );
  for (const path of programs) await copyMachineFile(path, root);
  for (const library of await librariesOf(programs)) await copyMachineFile(library, root);
  await mkdir(join(root, core), { recursive: true });
  await symlink("git-remote-http", join(root, core, "git-remote-https"));
  await symlink("../../bin/git", join(root, core, "git"));
};
