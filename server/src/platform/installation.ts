// What makes an installation itself: an id that names its namespaces, cgroups, tables and uids on the machine.
import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { z } from "zod";
import { writeDurably } from "./files.ts";
import type { Home } from "./home.ts";

const Installation = z.object({
  /** Six hexadecimal digits: short enough for the 15 characters of a network interface's name. */
  id: z.string().regex(/^[0-9a-f]{6}$/),
  /** First of 16 numeric user ids that no account has. */
  uidBase: z.int(),
  /** Instances have addresses in 10.`subnet`.0.0/16. */
  subnet: z.int().min(1).max(254),
  httpPort: z.int(),
  httpsPort: z.int(),
  /** Port of the workflow handlers on 127.0.0.1; only requests that Restate signed are served. */
  handlerPort: z.int(),
  /** Whose PostgreSQL and Restate hold its state. Decided at the first start: another database would be another, empty platform. */
  database: z.enum(["embedded", "own"]).optional(),
  restate: z.enum(["embedded", "own"]).optional(),
  createdAt: z.iso.datetime(),
});
export type Installation = z.infer<typeof Installation>;

/** Throws `installation_damaged` for a file that was cut off or changed by hand. */
export const readInstallation = (home: Home): Installation => {
  const text = readFileSync(home.installation, "utf8");
  try {
    return Installation.parse(JSON.parse(text));
  } catch (error) {
    const evidence = error instanceof z.ZodError ? z.prettifyError(error).split("\n") : [String(error)];
    throw new SlipError("installation_damaged", `${home.installation} cannot be read.`, { evidence });
  }
};

export const newInstallation = (ports: { httpPort: number; httpsPort: number; handlerPort: number }, subnet: number): Installation => ({
  id: randomBytes(3).toString("hex"),
  uidBase: 0x7000_0000 + randomInt(2 ** 20) * 16,
  subnet,
  ...ports,
  createdAt: new Date().toISOString(),
});

/** What is there already is not written again: a full disk has no room for it. */
export const saveInstallation = (home: Home, installation: Installation): void => {
  if (JSON.stringify(readInstallation(home)) === JSON.stringify(Installation.parse(installation))) return;
  writeDurably(home.installation, `${JSON.stringify(installation, undefined, 2)}\n`, 0o644);
};

/** Numeric users of our own processes. Each installation has its own; none has an entry in /etc/passwd. */
export const uids = (installation: Installation) => ({
  /** Group of all our processes: who is in it may use the sockets. */
  group: installation.uidBase,
  postgres: installation.uidBase + 1,
  restate: installation.uidBase + 2,
  control: installation.uidBase + 3,
  edge: installation.uidBase + 4,
  /** Runs git on behalf of the host, and owns nothing. */
  fetch: installation.uidBase + 5,
  /** Uid of programs inside sandboxes, as the host sees it. */
  app: installation.uidBase + 6,
  /** What root of a sandbox's user namespace is outside of it: it makes the sandbox's mounts, and owns nothing. */
  sandboxRoot: installation.uidBase + 7,
});
