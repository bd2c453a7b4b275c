// Removes from the machine what nothing holds, each kind in its own way. What is held meanwhile is left alone.
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { MachineKind } from "@slipstream/contract/audit.ts";
import { type Held, type MachineThing, ownerOf } from "@slipstream/contract/ports/inspection.ts";
import { exec, execOrThrow } from "#platform/exec.ts";
import { slotNumber } from "../network/addresses.ts";
import { applyEgress, tableName } from "../network/egress.ts";
import { deleteNamespace } from "../network/namespaces.ts";
import type { OciSandbox } from "../sandboxes/oci-sandbox.ts";
import { type InspectionGround, runtimeStates } from "./found.ts";

export interface SweepGround extends InspectionGround {
  /** The sandboxes of each kind that works, for instances and for runs. */
  sandboxes: readonly OciSandbox[];
  egress: Parameters<typeof applyEgress>[0];
  forgetWorkload(id: string): void;
  forgetJob(id: string): Promise<void>;
}

const removeSandbox = async ({ sandboxes, home }: SweepGround, name: string): Promise<void> => {
  for (const sandbox of sandboxes) await sandbox.remove(name, "");
  rmSync(join(home.exits, name), { force: true });
};

/** A runtime that was killed at its beginning leaves a file that it does not know itself. */
const removeState = async (ground: SweepGround, name: string): Promise<void> => {
  await removeSandbox(ground, name);
  for (const { sandbox, path } of runtimeStates(ground.home)) if (sandbox === name) rmSync(path, { recursive: true, force: true });
};

const endConmon = (name: string): void => {
  try {
    process.kill(Number(name.split(":")[1]), "SIGKILL");
  } catch {
    // It has ended by itself.
  }
};

/** The table of the installation is put back as it must be; others are not ours to have. */
const mendTable = async ({ installation, egress }: SweepGround, name: string): Promise<void> => {
  if (name === tableName(installation.id)) await applyEgress(egress);
  else await execOrThrow(["nft", "delete", "table", "inet", name]);
};

/** A socket file of an edge that is gone. */
const removeSocket = ({ home }: SweepGround, name: string): Promise<void> =>
  new Promise((resolve) => {
    const path = join(home.edgeSockets, name);
    const socket = connect(path, () => socket.destroy());
    socket.on("error", () => rmSync(path, { force: true }));
    socket.on("close", () => resolve());
  });

const removers: Partial<Record<MachineKind, (ground: SweepGround, name: string) => void | Promise<void>>> = {
  bundle: removeSandbox,
  cgroup: removeSandbox,
  "exit-code": removeSandbox,
  "runtime-state": removeState,
  process: (_, name) => endConmon(name),
  mount: async (_, path) => void (await exec(["umount", "-l", path])),
  namespace: (_, name) => deleteNamespace(name),
  interface: (_, name) => deleteNamespace(name),
  "workload-record": (ground, id) => ground.forgetWorkload(id),
  "job-record": (ground, id) => ground.forgetJob(id),
  table: mendTable,
  socket: removeSocket,
};

/** Whether the name is one that we give: it goes into paths. */
const isOurs = ({ installation, home }: InspectionGround, { kind, name }: MachineThing): boolean => {
  if (kind === "mount") return [home.instances, home.runs].some((folder) => name.startsWith(`${folder}/`));
  if (kind === "namespace" || kind === "interface") return slotNumber(installation.id, name) !== undefined;
  return kind === "socket" ? /^edge-\d+\.sock$/.test(name) : /^[\w:-]+$/.test(name);
};

/** Gives what was removed; kinds that are not of the runtime are left aside. */
export const sweepMachine = async (ground: SweepGround, things: readonly MachineThing[], held: Held): Promise<MachineThing[]> => {
  const removed: MachineThing[] = [];
  for (const thing of things) {
    const remove = removers[thing.kind];
    if (!remove || !isOurs(ground, thing) || ownerOf(thing, held) !== undefined) continue;
    await remove(ground, thing.name);
    removed.push(thing);
  }
  return removed;
};
