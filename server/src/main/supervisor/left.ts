// What of an installation is still there when all of it should have ended.
import type { Home } from "#platform/home.ts";
import { readInstallation } from "#platform/installation.ts";
import { isAlive } from "#platform/process-identity.ts";
import { listNamespaces } from "../../runtime/network/namespaces.ts";
import { childGroups, groupOf } from "../../runtime/sandboxes/cgroup.ts";
import { readState } from "./state.ts";

/** Sandboxes and networks, by what the kernel knows: no record of them has to be there, and no host process. */
export const leftOfHost = (id: string): string[] => {
  const [sandboxes, networks] = [childGroups(groupOf({ id })).length, listNamespaces(id).length];
  return [...(sandboxes > 0 ? [`sandboxes (${sandboxes})`] : []), ...(networks > 0 ? [`networks (${networks})`] : [])];
};

/** In words of people; nothing where all has ended. */
export const leftOf = (home: Home): string[] => {
  const alive = (readState(home)?.processes ?? []).filter(isAlive).map(({ name }) => `the process ${name}`);
  return [...alive, ...leftOfHost(readInstallation(home).id)];
};
