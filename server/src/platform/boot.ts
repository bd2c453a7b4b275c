// What is not made safe on disk, because it can be made again, is not trusted after the machine was started anew.
import { existsSync, readFileSync } from "node:fs";

const path = "/proc/sys/kernel/random/boot_id";

/** Changes with each start of the machine. */
export const bootId = (): string => (existsSync(path) ? readFileSync(path, "utf8").trim() : "unknown");
