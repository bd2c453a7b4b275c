// Secrets that are made here: the platform is sent their hash alone.
import { createHash, randomBytes } from "node:crypto";

/** A secret that nobody has seen. */
export const newToken = (): string => `slip_${randomBytes(32).toString("base64url")}`;
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Without letters that are taken for one another. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const codeLength = 16;

/** A code of 80 bits, for somebody to type. */
const newCode = (): string => Array.from(randomBytes(codeLength), (byte) => alphabet.charAt(byte % alphabet.length)).join("");

/** What lets somebody in by an operation. */
export const secretFor = (operation: string): string => (operation === "sessions.code" ? newCode() : newToken());
