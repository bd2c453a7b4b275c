// Runs runsc, and with it the processes that gVisor consists of, as a user who is nobody on the machine, each in a user namespace.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv } from "#platform/exec.ts";

export interface Nobody {
  uid: number;
  /** Folder of the programs that `writeHelpers` writes. */
  helpers: string;
}

/** What runsc needs to make a sandbox. Its processes keep a few of them, which count for their own user namespace alone. */
const capabilities = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap net_admin sys_chroot sys_ptrace sys_admin mknod".split(" ");

const helperOf = (kind: "uid" | "gid"): string => `#!/bin/sh
pid=$1
shift
printf '%s %s %s\\n' "$@" >"/proc/$pid/${kind}_map"
`;

/**
 * Writes newuidmap and newgidmap, which runsc asks for the users of a namespace when it is not root, and gives their folder. Those of
 * the system would look for the user in /etc/subuid, where nobody is.
 */
export const writeHelpers = (folder: string): string => {
  for (const kind of ["uid", "gid"] as const) writeFileSync(join(folder, `new${kind}map`), helperOf(kind), { mode: 0o755 });
  return folder;
};

/** What stands before runsc. */
export const asNobody = ({ uid, helpers }: Nobody): string[] => {
  const kept = capabilities.map((name) => `+${name}`).join();
  const path = `PATH=${helpers}:${cleanEnv.PATH}`;
  return ["/usr/bin/env", path, "setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", `--inh-caps=${kept}`, `--ambient-caps=${kept}`, "--"];
};
