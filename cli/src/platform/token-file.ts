// The owner's token on this machine: SLIP_HOME/token, and token.next while another takes its place.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";

const current = ({ home }: Environment): string => join(home, "token");
const next = ({ home }: Environment): string => join(home, "token.next");

/** Whether the token in use is the file's, and not one from the environment. */
export const usesTokenFile = ({ url, token }: Environment): boolean => url === undefined && token === undefined;

const sync = (path: string): void => {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** The token of a replacement that was cut off. */
export const readNext = (environment: Environment): string | undefined =>
  existsSync(next(environment)) ? readFileSync(next(environment), "utf8").trim() : undefined;

/** Keeps a token that is to take the place of the one in use. It is on disk when this returns. */
export const keepNext = (environment: Environment, token: string): void => {
  const file = openSync(next(environment), "wx", 0o600);
  try {
    writeSync(file, `${token}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  sync(environment.home);
};

export const useNext = (environment: Environment): void => {
  renameSync(next(environment), current(environment));
  sync(environment.home);
};

export const dropNext = (environment: Environment): void => rmSync(next(environment), { force: true });
