// Workloads, artifacts and their unpacked layers: what the database wants, and what the host has. Pure.
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { WorkloadEntry } from "../books.ts";
import type { Finding } from "../finding.ts";
import type { Look } from "../look.ts";

const compared = (row: WorkloadEntry, workload: Workload | undefined): Finding[] => {
  if (row.open || row.targets === 0) return [];
  const of = { kind: "workload" as const, name: row.id };
  if (!workload) return [{ ...of, problem: "loss", detail: `Of ${row.app}: the host does not have it.` }];
  const { desire, instances } = workload;
  if (desire !== row.desire) return [{ ...of, problem: "difference", detail: `Of ${row.app}: it is ${desire}, but should be ${row.desire}.` }];
  if (instances.length === row.instances) return [];
  return [{ ...of, problem: "difference", detail: `Of ${row.app}: it has ${instances.length} instances, but should have ${row.instances}.` }];
};

export const inWorkloads = ({ books, workloads }: Look): Finding[] => {
  const byId = new Map(workloads.map((workload) => [workload.id as string, workload]));
  const wanted = new Set(books.workloads.map(({ id }) => id));
  const unwanted = workloads.filter(({ id }) => !wanted.has(id));
  return [
    ...books.workloads.flatMap((row) => compared(row, byId.get(row.id))),
    ...unwanted.map(({ id }): Finding => ({ kind: "workload", problem: "orphan", name: id, detail: "The host has it, and nobody wants it." })),
  ];
};

export const inLayers = ({ books, machine }: Look): Finding[] =>
  machine.changed.map(({ layer, path, workloads }) => {
    const apps = [...new Set(books.workloads.filter(({ id }) => workloads.includes(id)).map(({ app }) => app))];
    const users = apps.length === 0 ? "No instance uses it." : `It is used by ${apps.join(", ")}.`;
    return { kind: "layer", problem: "difference", name: layer, detail: `${JSON.stringify(path)} is not as it was packed. ${users}` };
  });

export const inArtifacts = ({ books, machine }: Look): Finding[] =>
  machine.incomplete.map((artifact) => {
    const releases = books.artifacts.filter((it) => it.artifact === artifact).map(({ app, release }) => `${app} ${release}`);
    return { kind: "artifact", problem: "loss", name: artifact, detail: `Something of it is missing; it is needed by ${releases.join(", ")}.` };
  });
