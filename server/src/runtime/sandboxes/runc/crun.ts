// crun does what runc does, and takes about half the time: a small program, which is not started twice for each sandbox.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runtimePath, viewPath } from "../../launcher/launcher.ts";
import type { RuncProgram } from "./runc.ts";

/** Where a machine whose controllers are those of cgroup v1 has the empty v2 hierarchy beside them. */
const unified = "/sys/fs/cgroup/unified";

const helper = `#!/bin/sh
umount ${unified} && exec "$@"
`;

/**
 * The command of crun, which refuses such a mixture of hierarchies (1.8: "cgroups in hybrid mode not supported"): there it is run where
 * the v2 one is not to be seen, in a mount namespace of its own. Writes its helper to `folder`.
 */
const commandOf = (program: string, unshare: string, folder: string): [string, ...string[]] => {
  if (!existsSync(unified)) return [program];
  const path = join(folder, "without-unified");
  writeFileSync(path, helper, { mode: 0o755 });
  return [unshare, "--mount", "--propagation=slave", "--", path, program];
};

/** The same without a helper, by what the launcher has made ready meanwhile. */
const makerOf =
  (program: string, nsenter: string): RuncProgram["maker"] =>
  (bundle, options) => ({
    runtime: [nsenter, `--mount=${viewPath(bundle)}`, "--", runtimePath(bundle), ...options],
    hiding: { path: unified, program },
  });

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path).toString("base64") || undefined;
  } catch {
    return undefined;
  }
};

/** `helpers` is a folder for a program of ours. */
export const crun = (of: { program: string; unshare: string; nsenter: string; helpers: string }): RuncProgram => {
  /** It compiles the filter of system calls for each sandbox, and takes one that is compiled: this is what it made of the same profile before. */
  let filter: string | undefined;
  return {
    command: commandOf(of.program, of.unshare, of.helpers),
    maker: existsSync(unified) ? makerOf(of.program, of.nsenter) : undefined,
    annotations: () => (filter === undefined ? {} : { "run.oci.seccomp_bpf_data": filter }),
    created(record) {
      filter ??= read(join(record, "seccomp.bpf"));
    },
  };
};
