// Where an installation keeps its state stays what it was at the first start: with another database everything would seem gone.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Config } from "#platform/config.ts";
import type { Installation } from "#platform/installation.ts";

type Store = "embedded" | "own";

const agree = (variable: string, kept: Store | undefined, asked: Store): Store => {
  if (kept === undefined || kept === asked) return asked;
  if (kept === "own")
    throw new SlipError("conflict", `This installation was made with ${variable}, which is not set now.`, {
      next: `Set ${variable} as before, or choose another SLIP_HOME.`,
    });
  throw new SlipError("conflict", `${variable} is set, but this installation keeps its state in its own server.`, {
    next: `Unset ${variable}, or choose another SLIP_HOME for a new installation.`,
  });
};

/** The installation with its stores noted. Throws `conflict` when the environment names others than at the first start. */
export const withStores = (
  installation: Installation,
  config: Pick<Config, "databaseUrl" | "restateUrl">,
): Installation & { database: Store; restate: Store } => ({
  ...installation,
  database: agree("DATABASE_URL", installation.database, config.databaseUrl === undefined ? "embedded" : "own"),
  restate: agree("RESTATE_URL", installation.restate, config.restateUrl === undefined ? "embedded" : "own"),
});
