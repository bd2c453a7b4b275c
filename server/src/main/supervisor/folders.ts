// The folders of an installation: whose each is, and who may enter. Pure; prepare.ts makes them.
import type { Home } from "#platform/home.ts";
import type { uids } from "#platform/installation.ts";

export interface Folder {
  path: string;
  uid: number;
  gid: number;
  mode: number;
}

/** Set-group-id: what is made inside belongs to the folder's group, so a neighbour can be let in without rights of its own. */
const shared = 0o2750;

/** On disk, in the order in which they are made. Each process has its own user and group; a neighbour gets in by the group. */
export const diskFolders = (home: Home, users: ReturnType<typeof uids>): Folder[] => [
  { path: home.processLogs, uid: 0, gid: 0, mode: 0o700 },
  { path: home.postgres, uid: users.postgres, gid: users.postgres, mode: 0o700 },
  // Control reaches the sockets, which lie beside the data, by its group.
  { path: home.restate, uid: users.restate, gid: users.control, mode: 0o2710 },
  { path: home.control, uid: users.control, gid: users.control, mode: 0o700 },
  { path: home.sources, uid: users.control, gid: users.control, mode: 0o2770 },
  { path: home.oci, uid: 0, gid: 0, mode: 0o700 },
  { path: home.layers, uid: 0, gid: 0, mode: 0o711 },
  { path: home.cache, uid: 0, gid: 0, mode: 0o711 },
  { path: home.logs, uid: 0, gid: 0, mode: 0o711 },
  { path: home.hostLogs, uid: 0, gid: users.control, mode: shared },
  { path: home.edgeLogs, uid: users.edge, gid: users.control, mode: shared },
  { path: home.controlLogs, uid: users.control, gid: users.control, mode: 0o700 },
  // Certificates' keys are in the route table: control writes it, the edge alone reads it.
  { path: home.edge, uid: users.control, gid: users.edge, mode: shared },
];

/** On the tmpfs at run/: sockets, each reachable by the one neighbour that needs it. */
export const runFolders = (home: Home, users: ReturnType<typeof uids>): Folder[] => [
  { path: home.controlSocketFolder, uid: users.control, gid: users.edge, mode: shared },
  { path: home.edgeSockets, uid: users.edge, gid: users.control, mode: shared },
  { path: home.postgresSockets, uid: users.postgres, gid: users.control, mode: shared },
];
