// Keys as files of 32 bytes, for control alone. The sealing key in use is sealing.key; one that is being replaced is beside it
// under its name until no value needs it.
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { syncFolder, writeDurably } from "#platform/files.ts";
import { keyBytes, keyIdOf } from "../secrets/sealing.ts";

const inUse = (folder: string): string => join(folder, "sealing.key");
const replaced = (folder: string, id: string): string => join(folder, `sealing-${id}.key`);
const replacedName = /^sealing-[0-9a-f]{16}\.key$/;

/** Throws `key_missing` for a file that is not there, is empty or was cut off: no weaker key ever takes its place. `details` say what else to do. */
const readKey = (path: string, details: SlipError["details"] = {}): Buffer => {
  if (!existsSync(path)) throw new SlipError("key_missing", `The key ${basename(path)} is not in ${dirname(path)}.`, details);
  const key = readFileSync(path);
  if (key.length !== keyBytes) throw new SlipError("key_missing", `The key ${path} has ${key.length} bytes, not ${keyBytes}.`, details);
  return key;
};

const makeMissing = (path: string): void => {
  if (!existsSync(path)) writeDurably(path, randomBytes(keyBytes), 0o600);
};

/** A key that protects nothing which is kept: made anew where there is none. Throws `key_missing` for one that was cut off. */
export const keyFile = (path: string): Buffer => {
  makeMissing(path);
  return readKey(path, { next: "Remove the file, and 'slip up' makes another: nothing that is kept needs this one." });
};

export interface SealingKeys {
  /** In use. */
  current: Buffer;
  /** All of them by their names. */
  byId: ReadonlyMap<string, Buffer>;
}

/** Makes the first sealing key of an installation; one that is there stays. */
export const makeSealingKey = (folder: string): void => makeMissing(inUse(folder));

/** Throws `key_missing`. */
export const readSealingKeys = (folder: string): SealingKeys => {
  const current = readKey(inUse(folder));
  const others = readdirSync(folder).filter((name) => replacedName.test(name));
  return { current, byId: new Map([...others.map((name) => readKey(join(folder, name))), current].map((key) => [keyIdOf(key), key])) };
};

/** Puts a new key in the place of the one in use, which is on disk under its name before. After a crash one of the two is in use. */
export const replaceSealingKey = (folder: string): void => {
  const { current } = readSealingKeys(folder);
  writeDurably(replaced(folder, keyIdOf(current)), current, 0o600);
  writeDurably(inUse(folder), randomBytes(keyBytes), 0o600);
};

/** Removes a key that was replaced, for good. */
export const removeSealingKey = (folder: string, id: string): void => {
  rmSync(replaced(folder, id), { force: true });
  syncFolder(folder);
};
