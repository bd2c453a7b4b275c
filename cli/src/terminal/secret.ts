// Secrets that are made here: the platform is sent their hash alone.
import { createHash, randomBytes } from "node:crypto";

/** A secret that nobody has seen. */
export const newToken = (): string => `slip_${randomBytes(32).toString("base64url")}`;
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
