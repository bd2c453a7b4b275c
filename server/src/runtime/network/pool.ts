// Networks that are ready before anything needs one, so a start does not wait for them to be made.
import type { Log } from "#platform/log.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { maxSlots, type Slot, slotOf } from "./addresses.ts";
import { Denials } from "./denials.ts";
import { applyEgress, removeEgress } from "./egress.ts";
import { closeRange, createNamespace, deleteNamespace, enableForwarding, listNamespaces, moveAddress, openRange, setRoutes } from "./namespaces.ts";

export interface NetworkPoolOptions {
  id: string;
  subnet: number;
  /** Name servers that instances may ask. */
  resolvers: readonly string[];
  /** Networks kept ready. */
  ready: number;
  kernel: Kernel;
  log: Log;
}

/** Of an instance that is there already. */
export interface TakenNetwork {
  slot: number;
  /** The slot whose address it has; its own unless it is said. */
  address?: number | undefined;
}

/** A program that has just got a network answers sooner than this. */
const quietMs = 300;

export class NetworkPool {
  readonly #options: NetworkPoolOptions;
  readonly #ready: Slot[] = [];
  readonly #denials: Denials;
  /** Numbers in use: taken, ready, or being made or removed. */
  readonly #numbers = new Set<number>();
  #filling: Promise<void> | undefined;
  #quiet: NodeJS.Timeout | undefined;
  readonly #closed = new AbortController();

  constructor(options: NetworkPoolOptions) {
    this.#options = options;
    this.#denials = new Denials(options.id, options.log);
  }

  slot(number: number): Slot {
    return slotOf(this.#options.id, this.#options.subnet, number);
  }

  /** Sets the rules, keeps the networks that are taken, and removes all others of ours. */
  async open(taken: readonly TakenNetwork[]): Promise<void> {
    const { id, subnet, resolvers } = this.#options;
    await applyEgress({ id, subnet, resolvers });
    await closeRange(subnet);
    await enableForwarding();
    for (const { slot, address = slot } of taken) this.#numbers.add(slot).add(address);
    const slots = new Set(taken.map(({ slot }) => slot));
    await Promise.all(listNamespaces(id).map(async (number) => slots.has(number) || deleteNamespace(this.slot(number).name)));
    // The host process before may have died while it moved one.
    await setRoutes(
      this.#options.kernel,
      taken.map(({ slot, address = slot }) => ({ address: this.slot(address), to: this.slot(slot) })),
    );
    this.#refill();
  }

  /** A network that nothing else uses. It is the caller's until `release`. */
  async acquire(): Promise<Slot> {
    const slot = this.#ready.shift() ?? (await this.#make());
    this.#refillLater();
    return slot;
  }

  /** Removes the network: no packet, connection or listening socket of one program is ever met by another. */
  async release(slot: Slot): Promise<void> {
    await this.vacate(slot);
    this.giveBack(slot);
  }

  /** Gives the network `to` the address of another one, besides its own. Done again, it changes nothing. */
  lend(address: Slot, to: Slot): Promise<void> {
    return moveAddress(this.#options.kernel, { address, to }, this.#options.subnet);
  }

  /** Takes back an address that was lent: it leads into the network `to` again, which has it still. */
  reclaim(address: Slot, to: Slot): Promise<void> {
    return setRoutes(this.#options.kernel, [{ address, to }]);
  }

  /** Removes the network alone: its address was lent, and is in use until it is given back. */
  async vacate(slot: Slot): Promise<void> {
    await deleteNamespace(slot.name);
    await this.#denials.disown(slot.name);
  }

  /** Lets a slot without a network be taken again. */
  giveBack({ number }: Slot): void {
    this.#numbers.delete(number);
  }

  /** Tells by `tell` what the program in this network was refused, until it is released. */
  tellDenied(slot: Slot, tell: (line: string) => void): void {
    this.#denials.own(slot.name, tell);
  }

  /** Names of the networks that wait to be taken. */
  get reserve(): string[] {
    return this.#ready.map(({ name }) => name);
  }

  /** Stops making networks; with `remove` takes down all that there are, and the rules. */
  async close(remove: boolean): Promise<void> {
    this.#closed.abort();
    this.#denials.close();
    clearTimeout(this.#quiet);
    await this.#filling;
    if (!remove) return;
    this.#ready.length = 0;
    // By what is there, not by what is known: an instance that is still being ended has one too.
    await Promise.all(listNamespaces(this.#options.id).map((number) => deleteNamespace(this.slot(number).name)));
    await openRange(this.#options.subnet);
    await removeEgress(this.#options.id);
  }

  async #make(): Promise<Slot> {
    let number = 1;
    while (this.#numbers.has(number)) number += 1;
    if (number > maxSlots) throw new Error(`All ${maxSlots} networks of the installation are in use.`);
    this.#numbers.add(number);
    const slot = this.slot(number);
    try {
      await createNamespace(slot, this.#options.subnet);
      return slot;
    } catch (error) {
      await deleteNamespace(slot.name);
      this.#numbers.delete(number);
      throw error;
    }
  }

  /** Making networks takes processor time, which belongs to the program that is being started with the one just taken. */
  #refillLater(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#refill(), quietMs);
    this.#quiet.unref();
  }

  #refill(): void {
    if (this.#closed.signal.aborted || this.#filling !== undefined) return;
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  async #fill(): Promise<void> {
    try {
      while (!this.#closed.signal.aborted && this.#ready.length < this.#options.ready) this.#ready.push(await this.#make());
    } catch (error) {
      this.#options.log.error("no network could be made in advance", error);
    }
  }
}
