// Signs of a program that had not enough memory, and the setting that gives it more.
import { sizeText } from "./amounts.ts";
import { type Sign, type Surroundings, tableOf } from "./sign.ts";

/** A setting of twice the memory, as every such report says it. */
export const moreMemory = (around: Pick<Surroundings, "during" | "memoryBytes">): string =>
  `Set [${around.during === "run" ? "run" : "build"}] memory = "${sizeText(around.memoryBytes * 2)}" in slip.toml, or let it need less.`;

const read =
  (cause: string): Sign["read"] =>
  (_, around) => ({ code: tableOf(around) === "run" ? "out_of_memory" : "build_out_of_memory", cause, actions: [moreMemory(around)] });

export const memorySigns: readonly Sign[] = [
  { pattern: /^FATAL ERROR: .*(?:JavaScript heap out of memory|Allocation failed - process out of memory)/m, read: read("Node's heap was full.") },
  { pattern: /: fatal: V8 fatal error; .*JavaScript heap out of memory/m, read: read("The function's heap was full.") },
  { pattern: /^MemoryError(?::|$)/m, read: read("Python could not get the memory that it asked for.") },
];
