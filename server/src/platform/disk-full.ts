// A full disk, as files and as PostgreSQL tell of it.
import { SlipError } from "@slipstream/contract/errors.ts";

/** ENOSPC and EDQUOT of the system; 53100 is PostgreSQL's. */
const codes = new Set<unknown>(["ENOSPC", "EDQUOT", "53100"]);

export const isDiskFull = (error: unknown): boolean => codes.has((error as { code?: unknown } | null)?.code);

/** `disk_full` for what a full disk has caused, else undefined. */
export const asDiskFull = (error: unknown): SlipError | undefined => (isDiskFull(error) ? new SlipError("disk_full") : undefined);
