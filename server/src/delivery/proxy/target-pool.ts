// The connections of this process to one instance: a bounded number for requests and one for what lasts, a bounded queue, a part of each for one client,
// idle ones kept for a moment.

import { isOfFunction, placeIn } from "@slipstream/contract/ports/function-address.ts";
import { AppSession } from "../http2/app-session.ts";
import { ClientShares } from "./client-shares.ts";
import type { EdgeClock } from "./clock.ts";
import type { EdgeLimits } from "./edge-limits.ts";
import { FairQueue } from "./fair-queue.ts";
import { type AppPlace, UpstreamConnection, type UpstreamOwner, type UpstreamUser } from "./upstream-connection.ts";

/** Idle connections are closed before the app does: Node's own servers do so after 5 s without saying it. */
const idleMs = 4_000;
/** A target that refused a connection is left alone for so long while others take requests. */
const refusedMs = 1_000;

/** To close what no route leads to takes as long as a request: those that the change lets through go first. */
const leftMs = 10;

const http2Scheme = "http2://";

/** The address of an app that speaks HTTP/2 alone. */
export const http2Address = (address: string): string => `${http2Scheme}${address}`;

/** "10.1.2.3:3000" or "[::1]:3000", or that of a function; what starts with "/" is a Unix socket, what starts with "http2://" an app that speaks HTTP/2. */
const placeOf = (address: string, limits: EdgeLimits): AppPlace => {
  if (address.startsWith("/")) return { path: address };
  if (address.startsWith(http2Scheme)) return new AppSession(address.slice(http2Scheme.length), limits);
  const place = placeIn(address);
  const colon = place.lastIndexOf(":");
  return { host: place.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(place.slice(colon + 1)) };
};

export class TargetPool implements UpstreamOwner {
  readonly address: string;
  /** What sleeps there is loaded by the request itself. */
  readonly isOfFunction: boolean;
  /** Requests that have a connection or wait for one. */
  load = 0;
  refusedUntil = 0;
  readonly #options: { limits: EdgeLimits; clock: EdgeClock };
  readonly #place: AppPlace;
  readonly #idle: UpstreamConnection[] = [];
  readonly #queue = new FairQueue<UpstreamUser>();
  readonly #connecting = new Map<UpstreamConnection, UpstreamUser>();
  readonly #open = new Set<UpstreamConnection>();
  readonly #most: number;
  readonly #shares: ClientShares;
  /** Of `#open`, those whose answer goes on for as long as client and app want. They count apart, so that requests find a connection. */
  #lasting = 0;
  readonly #lastingShares: ClientShares;
  readonly #queueShare: number;
  /** When what is still under way is cut off; undefined while routes lead here. */
  #retiredUntil: number | undefined;

  constructor(address: string, options: { limits: EdgeLimits; clock: EdgeClock }) {
    this.address = address;
    this.isOfFunction = isOfFunction(address);
    this.#options = options;
    this.#place = placeOf(address, options.limits);
    const { platformConnections, upstreamConnections, upstreamStreams, upstreamQueue, upstreamPercent } = options.limits;
    // Who asks the platform has a share of that before, of what waits too.
    const [most, percent] = address.startsWith("/") ? [platformConnections, 100] : [upstreamConnections, upstreamPercent];
    this.#most = most;
    this.#shares = new ClientShares(most, percent);
    this.#lastingShares = new ClientShares(upstreamStreams, percent);
    this.#queueShare = Math.max(1, Math.floor((upstreamQueue * percent) / 100));
  }

  /** Sees to it that `user` hears `upstreamReady` or `upstreamRefused`, at once or later. */
  acquire(user: UpstreamUser, fresh = false): "given" | "connecting" | "queued" | "full" {
    const mayHave = this.#shares.hasRoom(user.network);
    const idle = fresh || !mayHave ? undefined : this.#takeIdle();
    const isNew = idle === undefined && mayHave && this.#hasRoom;
    if (!idle && !isNew && this.#isQueueFull(user)) {
      user.upstreamRefused("full");
      return "full";
    }
    this.load += 1;
    if (idle) {
      this.#lend(idle, user);
      return "given";
    }
    if (isNew) {
      this.#connect(user);
      return "connecting";
    }
    this.#queue.add(user);
    return "queued";
  }

  get #hasRoom(): boolean {
    return this.#open.size - this.#lasting < this.#most;
  }

  #isQueueFull({ network }: UpstreamUser): boolean {
    return this.#queue.size >= this.#options.limits.upstreamQueue || this.#queue.of(network) >= this.#queueShare;
  }

  /** The connection that was used last: it is the least likely to have been closed by the app. */
  #takeIdle(): UpstreamConnection | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.alive) return idle;
    return undefined;
  }

  /** `user` does not want a connection any more. Says what it was waiting for. */
  withdraw(user: UpstreamUser): "queued" | "connecting" | "nothing" {
    if (this.#queue.delete(user)) {
      this.load -= 1;
      return "queued";
    }
    for (const [upstream, waiting] of this.#connecting) {
      if (waiting !== user) continue;
      this.#connecting.delete(upstream);
      this.load -= 1;
      this.refusedUntil = this.#options.clock.now + refusedMs;
      upstream.drop();
      return "connecting";
    }
    return "nothing";
  }

  /** One request is over, however it ended. */
  done(): void {
    this.load -= 1;
  }

  #lend(upstream: UpstreamConnection, user: UpstreamUser): void {
    this.#count(upstream, user);
    this.#give(upstream, user);
  }

  #count(upstream: UpstreamConnection, { network }: UpstreamUser): void {
    if (this.#shares.take(network)) upstream.countsFor = network;
  }

  #uncount(upstream: UpstreamConnection): void {
    const { countsFor, isLasting } = upstream;
    if (countsFor === undefined) return;
    (isLasting ? this.#lastingShares : this.#shares).giveBack(countsFor);
    if (isLasting) this.#lasting -= 1;
    upstream.countsFor = undefined;
    upstream.isLasting = false;
  }

  #give(upstream: UpstreamConnection, user: UpstreamUser): void {
    upstream.begin(user);
    user.upstreamReady(upstream);
  }

  #connect(user: UpstreamUser): void {
    const upstream = new UpstreamConnection(this.#place, this, this.#options.limits.headerBytes);
    this.#count(upstream, user);
    this.#open.add(upstream);
    this.#connecting.set(upstream, user);
  }

  connected(upstream: UpstreamConnection): void {
    const user = this.#connecting.get(upstream);
    this.#connecting.delete(upstream);
    this.refusedUntil = 0;
    if (user) this.#give(upstream, user);
    else this.released(upstream);
  }

  refused(upstream: UpstreamConnection): void {
    const user = this.#connecting.get(upstream);
    this.#connecting.delete(upstream);
    if (!user) return;
    this.load -= 1;
    this.refusedUntil = this.#options.clock.now + refusedMs;
    user.upstreamRefused("refused");
  }

  lasts(upstream: UpstreamConnection): void {
    const { countsFor } = upstream;
    if (countsFor === undefined || this.#lasting >= this.#options.limits.upstreamStreams || !this.#lastingShares.take(countsFor)) return;
    this.#shares.giveBack(countsFor);
    upstream.isLasting = true;
    this.#lasting += 1;
    this.#serveWaiting();
  }

  released(upstream: UpstreamConnection): void {
    this.#uncount(upstream);
    // It lasted, and others took its place among those of requests.
    if (this.#open.size - this.#lasting > this.#most) {
      upstream.drop();
      return;
    }
    const next = this.#takeWaiting();
    if (next) {
      this.#lend(upstream, next);
      return;
    }
    if (this.#retiredUntil !== undefined) {
      upstream.drop();
      return;
    }
    upstream.idleSince = this.#options.clock.now;
    this.#idle.push(upstream);
  }

  closed(upstream: UpstreamConnection): void {
    this.#open.delete(upstream);
    this.#uncount(upstream);
    const index = this.#idle.indexOf(upstream);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    const next = this.#hasRoom ? this.#takeWaiting() : undefined;
    if (!next) return;
    const idle = this.#takeIdle();
    if (idle) this.#lend(idle, next);
    else this.#connect(next);
  }

  #takeWaiting(): UpstreamUser | undefined {
    return this.#queue.take((network) => this.#shares.hasRoom(network));
  }

  /** Closes connections that were idle for too long. */
  sweep(): void {
    const { now } = this.#options.clock;
    for (const upstream of [...this.#idle]) {
      const keptMs = upstream.keepAliveMs > 0 ? Math.max(upstream.keepAliveMs - 1_000, upstream.keepAliveMs / 2) : idleMs;
      if (now - upstream.idleSince > Math.min(keptMs, this.#options.limits.idleMs)) upstream.drop();
    }
  }

  /** No route leads here any more: what is idle closes in a moment, what is busy when it is done, within `drainMs`. */
  retire(): void {
    this.#retiredUntil ??= this.#options.clock.now + this.#options.limits.drainMs;
    setTimeout(() => this.#dropIdle(), leftMs);
  }

  #dropIdle(): void {
    if (this.#retiredUntil !== undefined) for (const upstream of [...this.#idle]) upstream.drop();
  }

  /** Routes lead here again. */
  revive(): void {
    this.#retiredUntil = undefined;
  }

  /** Cuts off what outlasts its release: it will be frozen, and a client would wait for it for ever. */
  sweepRetired(): void {
    if (this.#retiredUntil === undefined || this.#options.clock.now < this.#retiredUntil) return;
    for (const upstream of [...this.#open]) upstream.fail("its release was replaced");
  }

  get empty(): boolean {
    return this.#open.size === 0 && this.load === 0;
  }
}

/** The pools of all targets, by address. */
export class TargetPools {
  readonly #pools = new Map<string, TargetPool>();
  /** How many routes lead to an address. */
  readonly #routes = new Map<string, number>();
  /** Pools that no route leads to, with requests that are still under way. */
  readonly #retired = new Map<string, TargetPool>();
  readonly #options: { limits: EdgeLimits; clock: EdgeClock };

  constructor(options: { limits: EdgeLimits; clock: EdgeClock }) {
    this.#options = options;
  }

  of(address: string): TargetPool {
    const known = this.#pools.get(address);
    if (known) return known;
    const pool = this.#retired.get(address) ?? new TargetPool(address, this.#options);
    pool.revive();
    this.#retired.delete(address);
    this.#pools.set(address, pool);
    return pool;
  }

  /** The pool of an address that a route leads to from now on. */
  take(address: string): TargetPool {
    this.#routes.set(address, (this.#routes.get(address) ?? 0) + 1);
    return this.of(address);
  }

  /** A route that led to an address does so no more; with the last one the pool retires. */
  letGo(address: string): void {
    const left = (this.#routes.get(address) ?? 0) - 1;
    if (left > 0) this.#routes.set(address, left);
    else {
      this.#routes.delete(address);
      this.#retire(address);
    }
  }

  /** Whether requests may be under way where no route leads to. */
  get hasRetired(): boolean {
    return this.#retired.size > 0;
  }

  retireAll(): void {
    for (const address of [...this.#pools.keys()]) this.#retire(address);
  }

  #retire(address: string): void {
    const pool = this.#pools.get(address);
    if (!pool) return;
    pool.retire();
    this.#pools.delete(address);
    this.#retired.set(address, pool);
  }

  sweep(): void {
    for (const pool of this.#pools.values()) pool.sweep();
    for (const [address, pool] of this.#retired) {
      pool.sweepRetired();
      if (pool.empty) this.#retired.delete(address);
    }
  }
}

/** The less busy of two random targets, leaving out `except` and those that just refused while there are others. */
export const chooseTarget = (
  targets: readonly TargetPool[],
  options: { now: number; except?: TargetPool | undefined; random?: () => number },
): TargetPool | undefined => {
  const { now, except, random = Math.random } = options;
  if (targets.length <= 1 && targets[0] !== except) return targets[0];
  const others = targets.filter((target) => target !== except);
  const fit = others.filter((target) => target.refusedUntil <= now);
  const from = fit.length > 0 ? fit : others;
  const one = from[Math.floor(random() * from.length)];
  const other = from[Math.floor(random() * from.length)];
  return one && other && other.load < one.load ? other : one;
};
