// The route table as it lies on the disk: with a digest of its text, so that one that was cut off, or of which a bit has flipped, is known.
import { createHash } from "node:crypto";
import { RouteTable } from "./edge.ts";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What is written. It is JSON: people read it, too. */
export const tableText = (table: RouteTable): string => {
  const text = JSON.stringify(table);
  return `{"digest":"${digestOf(text)}","table":${text}}`;
};

/** The table of a text that `tableText` made; undefined for any other, and for one of another version of the platform. */
export const tableIn = (text: string): RouteTable | undefined => {
  const [, digest, table] = /^\{"digest":"([0-9a-f]{64})","table":(.*)\}$/s.exec(text) ?? [];
  return table !== undefined && digestOf(table) === digest ? RouteTable.safeParse(JSON.parse(table)).data : undefined;
};
