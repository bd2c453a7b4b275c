// Secrets at rest: AES-256-GCM with a key that is not in the database. What a value belongs to is authenticated with it,
// so a sealed value that is moved to another row does not open.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const algorithm = "aes-256-gcm";
/** So much larger is what is sealed. */
export const sealBytes = nonceBytes + tagBytes;

export interface Sealed {
  keyId: string;
  sealed: Buffer;
}

export interface Sealing {
  /** With the key in use. `place` names what the value belongs to, for example tenant, app, name and version. */
  seal(value: string, place: readonly string[]): Sealed;
  /** Throws when the key or the place is not the one that it was sealed with, or the key is not there. */
  open(value: Sealed, place: readonly string[]): string;
}

/** JSON of the parts, so that no two places read the same. */
const aad = (place: readonly string[]): Buffer => Buffer.from(JSON.stringify(place));

/** The name of a key: the same for the same key, and nothing of it can be found out from it. */
export const keyIdOf = (key: Buffer): string => createHmac("sha256", key).update("slipstream sealing key").digest("hex").slice(0, 16);

export const sealWith = (key: Buffer, value: string, place: readonly string[]): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(aad(place));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
};

/** Throws when the key, the place or a byte is another. */
export const openWith = (key: Buffer, sealed: Buffer, place: readonly string[]): string => {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(aad(place));
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString("utf8");
};
