// Makes the ground that the processes stand on: folders and their owners, the installation's numbers, keys. Safe to repeat.
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { givenPorts } from "#platform/config.ts";
import { syncFolder, writeOnce } from "#platform/files.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { type Installation, newInstallation, readInstallation, saveInstallation, uids } from "#platform/installation.ts";
import { freePort } from "#platform/ports.ts";
import { isPassword } from "#platform/postgres-server.ts";
import { identityKeyOf, newIdentity, restateConfig } from "#platform/restate-server.ts";
import { chooseSubnet } from "#platform/subnets.ts";
import { giveUpBallast } from "./ballast.ts";
import { diskFolders, type Folder } from "./folders.ts";

/** The longest name of a Unix socket is 107 bytes (sun_path), and the longest of ours adds 27 to the folder. */
const homeBytesMax = 80;

const openHome = (home: Home): void => {
  if (Buffer.byteLength(home.root) > homeBytesMax)
    throw new SlipError("usage", `SLIP_HOME is ${Buffer.byteLength(home.root)} bytes long; at most ${homeBytesMax} are possible.`, {
      next: "Choose a shorter SLIP_HOME.",
    });
  mkdirSync(home.root, { recursive: true });
  const others = readdirSync(home.root).filter((name) => name !== "lost+found");
  if (others.length > 0 && !existsSync(home.installation))
    throw new SlipError("usage", `SLIP_HOME is ${home.root}, which holds files that are not of an installation.`, {
      next: "Set SLIP_HOME to an empty folder, or to one that does not exist yet.",
    });
  chmodSync(home.root, 0o711);
};

const firstInstallation = async (given: ReturnType<typeof givenPorts>): Promise<Installation> => {
  const httpPort = given.httpPort === 0 ? await freePort() : (given.httpPort ?? 8080);
  const httpsPort = given.httpsPort === 0 ? await freePort([httpPort]) : (given.httpsPort ?? 8443);
  return newInstallation({ httpPort, httpsPort, handlerPort: await freePort([httpPort, httpsPort]) }, await chooseSubnet());
};

/** A port that the user names replaces the kept one; 0 means that any is fine, so the kept one stays. */
const withGivenPorts = (kept: Installation, given: ReturnType<typeof givenPorts>): Installation => ({
  ...kept,
  httpPort: given.httpPort || kept.httpPort,
  httpsPort: given.httpsPort || kept.httpsPort,
});

/** The folder, its numbers and the owner's token. Throws `usage` for a folder that cannot be ours. */
export const prepareHome = async (root: string, given: ReturnType<typeof givenPorts>): Promise<{ home: Home; installation: Installation }> => {
  const home = homeAt(root);
  openHome(home);
  giveUpBallast(home);
  if (!existsSync(home.installation)) writeOnce(home.installation, `${JSON.stringify(await firstInstallation(given), undefined, 2)}\n`, 0o644);
  writeOnce(home.token, `slip_${randomBytes(32).toString("base64url")}\n`, 0o600);
  mkdirSync(home.processLogs, { mode: 0o700, recursive: true });
  return { home, installation: withGivenPorts(readInstallation(home), given) };
};

/** Makes each folder with its owner and mode; what is inside is its owner's business. */
export const makeFolders = (folders: readonly Folder[]): void => {
  for (const { path, uid, gid, mode } of folders) {
    mkdirSync(path, { recursive: true });
    chownSync(path, uid, gid);
    chmodSync(path, mode);
  }
};

const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Writes a file for `owner` alone into a folder of that owner: a link that was put there is replaced, never followed. */
export const writeFor = (owner: number, path: string, content: string): void => {
  // What is there already is not written again: a full disk has no room for it.
  if (isFile(path) && readFileSync(path, "utf8") === content) return;
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, content);
    fchownSync(file, owner, owner);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
};

/** Shorter ones could be guessed. What `prepareHome` makes has 43 characters of randomness. */
const tokenPattern = /^\S{20,256}$/;

/** The owner's token. Throws `key_missing` for a file that is empty or cut off: then nobody gets in. */
const readToken = (home: Home): string => {
  const token = readFileSync(home.token, "utf8").trim();
  if (tokenPattern.test(token)) return token;
  throw new SlipError("key_missing", `The token in ${home.token} is empty or too short.`, { next: "Remove the file, and 'slip up' makes a new token." });
};

/** What Restate signs with, as control knows it. Throws `key_missing` for a file that was cut off. */
const readIdentityKey = (home: Home): string => {
  try {
    return identityKeyOf(readFileSync(home.restateIdentity, "utf8"));
  } catch {
    throw new SlipError("key_missing", `The key ${home.restateIdentity} cannot be read.`, {
      next: "Remove the file, and 'slip up' makes a new key; a Restate of your own (RESTATE_URL) needs a copy of that.",
    });
  }
};

const writeKeys = (home: Home, installation: Installation): void => {
  const { control, restate } = uids(installation);
  // A cluster that knows another one is told of it (cluster.ts).
  if (!isFile(home.postgresPassword) || !isPassword(readFileSync(home.postgresPassword, "utf8").trim()))
    writeFor(control, home.postgresPassword, randomBytes(32).toString("base64url"));
  writeFor(control, home.tokenSha256, createHash("sha256").update(readToken(home)).digest("hex"));
  if (!isFile(home.restateIdentity)) writeFor(restate, home.restateIdentity, newIdentity());
  writeFor(control, home.restateIdentityKey, readIdentityKey(home));
  writeFor(restate, home.restateConfig, restateConfig({ baseDir: home.restate, identity: home.restateIdentity }));
};

/** All that lies on disk before the first process starts. The caller holds the lock of the installation. */
export const prepareDisk = (home: Home, installation: Installation): void => {
  saveInstallation(home, installation);
  mkdirSync(home.run, { recursive: true });
  makeFolders(diskFolders(home, uids(installation)));
  writeKeys(home, installation);
};
