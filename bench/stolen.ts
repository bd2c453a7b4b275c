// Time that a virtual machine was ready to run and its host ran others ("steal" in proc(5), /proc/stat): what it makes late, nobody here does.
import { readFileSync } from "node:fs";

/** One unit of the counter. */
const tickMs = 10;
/** Its place in the first line: cpu user nice system idle iowait irq softirq steal. */
const place = 8;

/** Milliseconds since the machine started, of all cores together. */
export const stolenMs = (): number => Number(/^cpu .*/.exec(readFileSync("/proc/stat", "utf8"))?.[0].split(/\s+/)[place] ?? 0) * tickMs;
