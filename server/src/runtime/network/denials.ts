// What the firewall has refused, as lines for whose program it was. The kernel writes it down in a set, which is looked at now and then.
import { z } from "zod";
import { exec } from "#platform/exec.ts";
import type { Log } from "#platform/log.ts";
import { Turns } from "#platform/turns.ts";
import { deniedSets, tableName } from "./egress.ts";

export interface Denied {
  /** The link that it came by. */
  link: string;
  protocol: string;
  address: string;
  port: number;
}

const Element = z.object({ elem: z.object({ val: z.object({ concat: z.tuple([z.string(), z.string(), z.string(), z.number()]) }) }) });
const Listing = z.object({ nftables: z.array(z.object({ set: z.object({ elem: z.array(Element).default([]) }).optional() })) });

/** Reads what `nft -j list set` prints. Pure. */
export const parseDenied = (text: string): Denied[] =>
  Listing.parse(JSON.parse(text)).nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem }) => {
      const [link, protocol, address, port] = elem.val.concat;
      return { link, protocol, address, port };
    }),
  );

export const denialLine = ({ protocol, address, port }: Denied): string =>
  `Refused by the firewall: ${address} port ${port} (${protocol}). Programs reach public addresses alone, and no mail servers.`;

const keyOf = ({ link, protocol, address, port }: Denied): string => `"${link}" . ${protocol} . ${address} . ${port}`;

const lookEveryMs = 3_000;

interface Owner {
  tell: (line: string) => void;
  /** What was written down at the last look. */
  told: ReadonlySet<string>;
}

const tellFresh = (owner: Owner, denied: readonly Denied[]): void => {
  const { told } = owner;
  owner.told = new Set(denied.map(keyOf));
  for (const one of denied) if (!told.has(keyOf(one))) owner.tell(denialLine(one));
};

/** Tells the owner of a link what it was refused: a line for each address and port, again when it goes on after some minutes. */
export class Denials {
  readonly #table: string;
  readonly #log: Log;
  readonly #owners = new Map<string, Owner>();
  /** One look at a time: one that began before a link changed hands would tell its next owner. */
  readonly #turns = new Turns(1);
  #timer: NodeJS.Timeout | undefined;

  constructor(id: string, log: Log) {
    this.#table = tableName(id);
    this.#log = log;
  }

  own(link: string, tell: (line: string) => void): void {
    this.#owners.set(link, { tell, told: new Set() });
    this.#timer ??= setInterval(() => void this.#turns.run(() => this.#look()), lookEveryMs).unref();
  }

  /** Tells the last of it, so that nothing is told to who has the link next. */
  async disown(link: string): Promise<void> {
    if (!this.#owners.has(link)) return;
    await this.#turns.run(async () => {
      const all = await this.#look();
      this.#owners.delete(link);
      await Promise.all(all.map(({ set, denied }) => this.#forget(set, denied.filter((one) => one.link === link).map(keyOf))));
    });
    if (this.#owners.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Gives all that is written down, set by set. */
  async #look(): Promise<{ set: string; denied: Denied[] }[]> {
    try {
      const all = await Promise.all(deniedSets.map(async (set) => ({ set, denied: await this.#read(set) })));
      const each = all.flatMap(({ denied }) => denied);
      for (const [link, owner] of this.#owners)
        tellFresh(
          owner,
          each.filter((denied) => denied.link === link),
        );
      return all;
    } catch (error) {
      this.#log.error("what the firewall refused could not be read", error);
      return [];
    }
  }

  async #read(set: string): Promise<Denied[]> {
    const { code, stdout } = await exec(["nft", "-j", "list", "set", "inet", this.#table, set], { outputBytes: 16 * 2 ** 20 });
    return code === 0 ? parseDenied(stdout) : [];
  }

  async #forget(set: string, keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await exec(["nft", "delete", "element", "inet", this.#table, set, `{ ${keys.join(", ")} }`]);
  }
}
