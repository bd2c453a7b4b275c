// Things on the machine: each belongs to something that is held, and what is held has all that it needs. Pure.
import type { MachineKind } from "@slipstream/contract/audit.ts";
import { type HeldSandbox, type Inspection, type MachineThing, ownerOf } from "@slipstream/contract/ports/inspection.ts";
import { RunId } from "@slipstream/contract/words.ts";
import type { Finding } from "../finding.ts";
import type { Look } from "../look.ts";

const isRun = (id: string): boolean => RunId.safeParse(id).success;

const isOrphan = (thing: MachineThing, { books, machine, table }: Pick<Look, "books" | "machine"> & { table: string }): boolean => {
  if (thing.kind === "table") return thing.name !== table;
  // What came of a release command is kept for as long as its workload; of another command, for some time.
  if (thing.kind === "job-record" && isRun(thing.name)) return false;
  if (thing.kind === "job-record") return !books.workloads.some(({ id }) => id === thing.name);
  return ownerOf(thing, machine.held) === undefined;
};

const missingOf = (sandbox: HeldSandbox, { found }: Inspection): Finding[] => {
  const names = (kind: MachineKind): string[] => found.filter((thing) => thing.kind === kind).map(({ name }) => name);
  const needs: { kind: "bundle" | "namespace" | "interface" | "mount" | "process"; isThere: boolean }[] = [
    { kind: "bundle", isThere: names("bundle").includes(sandbox.sandbox) },
    { kind: "namespace", isThere: names("namespace").includes(sandbox.network) },
    { kind: "interface", isThere: names("interface").includes(sandbox.network) },
    { kind: "mount", isThere: names("mount").some((path) => path.includes(`/${sandbox.sandbox}/`)) },
    { kind: "process", isThere: names("process").some((name) => name.startsWith(`${sandbox.sandbox}:`)) },
  ];
  return needs
    .filter(({ isThere }) => !isThere)
    .map(({ kind }) => ({ kind, problem: "loss", name: sandbox.sandbox, detail: `An instance of ${sandbox.workload ?? "no workload"} runs without it.` }));
};

/** `table`: the name of the installation's rules. */
export const onMachine = ({ books, machine }: Look, table: string): Finding[] => [
  ...machine.found
    .filter((thing) => isOrphan(thing, { books, machine, table }))
    .map(({ kind, name }): Finding => ({ kind, problem: "orphan", name, detail: "Nothing needs it." })),
  ...machine.held.sandboxes.filter(({ runs }) => runs).flatMap((sandbox) => missingOf(sandbox, machine)),
  ...(machine.found.some(({ kind, name }) => kind === "table" && name === table)
    ? []
    : [{ kind: "table" as const, problem: "loss" as const, name: table, detail: "The rules of the instances' networks are not there." }]),
];
