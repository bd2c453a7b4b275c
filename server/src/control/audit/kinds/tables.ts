// The route table as it should be, on the disk and at each edge; and the edges' sockets. Pure.
import type { Finding } from "../finding.ts";
import type { Look } from "../look.ts";

const differs = (name: string, detail: string): Finding => ({ kind: "route", problem: "difference", name, detail });

export const inTables = ({ tables: { wanted, onDisk, edges } }: Look): Finding[] => {
  const living = edges.filter(({ digest }) => digest !== undefined);
  return [
    ...(onDisk === wanted ? [] : [differs("table.json", "The table on the disk is not the one that should be served.")]),
    ...living.filter(({ digest }) => digest !== wanted).map(({ edge }) => differs(edge, "It does not serve the table that it should.")),
    ...edges
      .filter(({ digest }) => digest === undefined)
      .map(({ edge }): Finding => ({ kind: "socket", problem: "orphan", name: edge, detail: "Nobody listens on it." })),
    ...(living.length > 0 ? [] : [{ kind: "socket" as const, problem: "loss" as const, name: "edge", detail: "No edge process answers." }]),
  ];
};
