// Another sealing key takes the place of the one in use, while everything goes on. Wherever this is cut off, each value names a key
// that is on disk, and the rest is done at the next start.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Database, Query } from "#platform/database.ts";
import { resealApprovals } from "../approvals/approval-store.ts";
import { resealEntries } from "../oauth/oauth-store.ts";
import { keyIdOf, openWith } from "../secrets/sealing.ts";
import { resealProviders } from "../sign-in/provider-store.ts";
import { makeSealingKey, readSealingKeys } from "./key-files.ts";
import { KeyRing } from "./key-ring.ts";
import {
  forgetKey,
  isLeaving,
  keysOf,
  letKeyLeave,
  nameUnnamed,
  noteKey,
  resealCertificates,
  resealPlans,
  resealSecrets,
  resealWebhooks,
  unnamedValue,
} from "./key-store.ts";

interface Parts {
  database: Database;
  keys: KeyRing;
}

const foreign = (folder: string, lacking: string): SlipError =>
  new SlipError("key_missing", `The database has values that the key ${lacking} sealed, and it is not in ${folder}.`);

/** Names the key of an installation that was made before keys had names, once it has opened one of its values. */
const nameFirst = async (database: Database, folder: string): Promise<void> => {
  const value = await unnamedValue(database);
  if (!value) return;
  const { current } = readSealingKeys(folder);
  const id = keyIdOf(current);
  try {
    openWith(current, value.sealed, value.place);
  } catch {
    throw foreign(folder, "of before");
  }
  await database.begin(async (query) => {
    await noteKey(query, id);
    await nameUnnamed(query, id);
  });
};

/** The keys of an installation: made at its first start, never in the place of one that sealed something. Throws `key_missing`. */
export const openKeys = async (database: Database, folder: string): Promise<KeyRing> => {
  if ((await keysOf(database)).length === 0 && !(await unnamedValue(database))) makeSealingKey(folder);
  await nameFirst(database, folder);
  const keys = new KeyRing(folder);
  const known = (await keysOf(database)).map(({ id }) => id);
  const lacking = known.find((id) => id !== keys.current && !keys.others.includes(id));
  if (lacking !== undefined) throw foreign(folder, lacking);
  await noteKey(database, keys.current);
  for (const id of keys.others) if (!known.includes(id)) keys.drop(id);
  return keys;
};

const resealAll = async ({ database, keys }: Parts): Promise<number> => {
  let total = 0;
  for (const reseal of [resealSecrets, resealCertificates, resealWebhooks, resealEntries, resealProviders, resealPlans, resealApprovals])
    for (let count = -1; count !== 0; total += count) count = await database.begin((query) => reseal(query, keys, keys.current));
  return total;
};

export interface Rotated {
  /** Values that were sealed anew. */
  resealed: number;
  /** Keys that are gone. */
  removed: string[];
}

/**
 * Says that another key is to take the place of the one in use; one that was cut off is the one that is done. Keys are files, which no transaction
 * makes, so what is committed is this: the request is claimed with it, and whoever dies then, the rotation is done, and once.
 */
export const askForRotation = async (query: Query, keys: KeyRing): Promise<void> => {
  if (keys.others.length === 0) await letKeyLeave(query, keys.current);
};

/** Whether one was asked for that is not finished. */
export const isRotating = async ({ database, keys }: Parts): Promise<boolean> => keys.others.length > 0 || (await isLeaving(database, keys.current));

/** Seals everything with the key in use, and removes the others: first where PostgreSQL knows that nothing needs them, then on disk. */
const finish = async ({ database, keys }: Parts): Promise<Rotated> => {
  const removed = (await keysOf(database)).map(({ id }) => id).filter((id) => id !== keys.current);
  const resealed = await resealAll({ database, keys });
  for (const id of removed) {
    await forgetKey(database, id);
    keys.drop(id);
  }
  return { resealed, removed };
};

/** Does what was asked for, from where it is. The new key is known to PostgreSQL before it seals anything. */
export const rotate = async ({ database, keys }: Parts): Promise<Rotated> => {
  if (await isLeaving(database, keys.current)) {
    await noteKey(database, keys.prepare());
    keys.take();
  }
  return finish({ database, keys });
};
