// Secrets at rest: AES-256-GCM with a key that is not in the database. What a value belongs to is authenticated with it,
// so a sealed value that is moved to another row does not open.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeDurably } from "#platform/files.ts";

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const algorithm = "aes-256-gcm";

export interface Sealing {
  /** `place` names what the value belongs to, for example tenant, app, name and version. */
  seal(value: string, place: readonly string[]): Buffer;
  /** Throws when the key or the place is not the one that it was sealed with. */
  open(sealed: Buffer, place: readonly string[]): string;
}

/** JSON of the parts, so that no two places read the same. */
const aad = (place: readonly string[]): Buffer => Buffer.from(JSON.stringify(place));

export const sealingWith = (key: Buffer): Sealing => {
  if (key.length !== keyBytes) throw new Error(`A sealing key has ${keyBytes} bytes, this one ${key.length}.`);
  return {
    seal(value, place) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(aad(place));
      const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, place) {
      const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(aad(place));
      decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString("utf8");
    },
  };
};

/** The bytes of a key file, made at first use. */
export const keyFile = (path: string): Buffer => {
  if (!existsSync(path)) writeDurably(path, randomBytes(keyBytes), 0o600);
  return readFileSync(path);
};
