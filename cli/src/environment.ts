// The one place of the CLI that reads the environment. Everything else is given what it needs.
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export interface Environment {
  /** Folder of the installation on this machine, absolute. */
  home: string;
  /** Address of a platform elsewhere; undefined = the one of this machine. */
  url: string | undefined;
  token: string | undefined;
  /** PEM file of the authority that signed the certificate of `url`. */
  caPath: string | undefined;
  /** Where hashes of files are remembered. */
  cacheFolder: string;
  root: boolean;
  colour: boolean;
  /** The terminal cannot move its cursor. */
  dumb: boolean;
  /** What programs that we start inherit. */
  inherited: NodeJS.ProcessEnv;
}

const homeOf = (environment: NodeJS.ProcessEnv, root: boolean): string =>
  resolve(environment.SLIP_HOME || (root ? "/var/lib/slipstream" : join(homedir(), ".local/share/slipstream")));

/** Reads SLIP_HOME, SLIP_URL, SLIP_TOKEN, SLIP_CA, NO_COLOR, TERM and XDG_CACHE_HOME. */
export const readEnvironment = (environment: NodeJS.ProcessEnv = process.env): Environment => {
  const root = process.getuid?.() === 0;
  const dumb = environment.TERM === "dumb";
  return {
    home: homeOf(environment, root),
    url: environment.SLIP_URL || undefined,
    token: environment.SLIP_TOKEN || undefined,
    caPath: environment.SLIP_CA || undefined,
    cacheFolder: join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "slipstream"),
    root,
    colour: !environment.NO_COLOR && !dumb,
    dumb,
    inherited: environment,
  };
};
