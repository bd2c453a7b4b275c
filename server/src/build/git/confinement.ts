// What git sees of this machine: the system, the folder of its fetch, and a network that is for fetching alone.
import { join } from "node:path";
import type { FetchNetwork } from "@slipstream/contract/ports/sandbox.ts";
import { confined } from "#platform/confine.ts";

export interface FetchPlace {
  /** A user that owns nothing but this folder. */
  uid: number;
  /** Folder of the fetch, with `home`, `tree` and `root` in it. */
  root: string;
  /** Undefined = the machine's own. */
  network: FetchNetwork | undefined;
}

const enter = (network: FetchNetwork, [program, ...args]: [string, ...string[]]): [string, ...string[]] => [
  "nsenter",
  `--net=${network.path}`,
  "--",
  program,
  ...args,
];

/** The argument vector that runs `argv` so confined. Without root nothing can be: tests of the rest run it as it is. */
export const confinedGit = ({ uid, root, network }: FetchPlace, argv: [string, ...string[]]): [string, ...string[]] => {
  if (process.getuid?.() !== 0) return argv;
  const how = {
    uid,
    gid: uid,
    groups: [],
    umask: "0022",
    readOnly: [],
    writable: [join(root, "home"), join(root, "tree")],
    staging: join(root, "root"),
    cwd: join(root, "tree"),
    offline: false,
    named: true,
  };
  if (network === undefined) return confined(how, argv);
  return enter(network, confined({ ...how, resolvConf: network.resolvConf }, argv));
};
