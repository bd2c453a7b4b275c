// Progress is written without waiting for the disk. When PostgreSQL dies, the last of it may be gone, while this process believes
// that it is there: then the steps that made it are done again.

/** What an earlier step wrote down is not there any more. */
export class ProgressLost extends Error {}

/** Also a row that names another which is gone. */
export const isProgressLost = (error: unknown): boolean => error instanceof ProgressLost || (error as { code?: unknown } | null)?.code === "23503";
