// Everything that bears the installation's name on this machine, whoever made it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { MachineKind } from "@slipstream/contract/audit.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import { exec } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import type { Installation } from "#platform/installation.ts";
import { namespaceFolder, slotPrefix } from "../network/addresses.ts";
import { tableName } from "../network/egress.ts";
import { childGroups, groupOf } from "../sandboxes/cgroup.ts";

export interface InspectionGround {
  home: Home;
  installation: Pick<Installation, "id">;
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
const named = (kind: MachineKind, names: readonly string[]): MachineThing[] => names.map((name) => ({ kind, name }));
const records = (folder: string): string[] => namesIn(folder).flatMap((name) => (name.endsWith(".json") ? [basename(name, ".json")] : []));

/** Mounts below `folder`, by their paths. Pure. */
export const mountsBelow = (mountinfo: string, folder: string): string[] =>
  mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));

/** Of a conmon of ours, the sandbox that it is for. Pure. */
const sandboxOfConmon = (commandLine: string, bundles: readonly string[]): string | undefined => {
  const words = commandLine.split("\0");
  const bundle = words[words.indexOf("--bundle") + 1] ?? "";
  return basename(words[0] ?? "") === "conmon" && bundles.some((folder) => bundle.startsWith(`${folder}/`)) ? basename(bundle) : undefined;
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** `SANDBOX:PID` of each conmon. */
const conmons = (bundles: readonly string[]): string[] =>
  namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const sandbox = sandboxOfConmon(textOf(`/proc/${pid}/cmdline`), bundles);
      return sandbox === undefined ? [] : [`${sandbox}:${pid}`];
    });

/** What runc and runsc keep of each sandbox is named after it: `ID/`, or `ID_sandbox:ID.state`. What crun keeps for all begins with a dot. */
export const runtimeStates = ({ runtimes }: Home): { sandbox: string; path: string }[] =>
  ["runc", "runsc"].flatMap((kind) =>
    namesIn(join(runtimes, kind))
      .filter((name) => !name.startsWith("."))
      .map((name) => ({ sandbox: name.replace(/_sandbox:.*$/, ""), path: join(runtimes, kind, name) })),
  );

const tables = async (id: string): Promise<string[]> => {
  const { stdout } = await exec(["nft", "list", "tables"]);
  return [...stdout.matchAll(/^table inet (\S+)$/gm)].map((match) => match[1] ?? "").filter((name) => name.startsWith(tableName(id)));
};

export const foundOnMachine = async ({ home, installation: { id } }: InspectionGround): Promise<MachineThing[]> => {
  const bundles = [home.instances, home.runs];
  const mine = (name: string): boolean => name.startsWith(slotPrefix(id));
  return [
    ...named("bundle", bundles.flatMap(namesIn)),
    ...named(
      "cgroup",
      childGroups(groupOf({ id })).map((path) => basename(path)),
    ),
    ...named(
      "mount",
      bundles.flatMap((folder) => mountsBelow(textOf("/proc/self/mountinfo"), folder)),
    ),
    ...named("namespace", namesIn(namespaceFolder).filter(mine)),
    ...named("interface", namesIn("/sys/class/net").filter(mine)),
    ...named("process", conmons(bundles)),
    ...named("runtime-state", [...new Set(runtimeStates(home).map(({ sandbox }) => sandbox))]),
    ...named("exit-code", namesIn(home.exits)),
    ...named("workload-record", records(home.workloads)),
    ...named("job-record", records(home.jobs)),
    ...named("table", await tables(id)),
  ];
};
