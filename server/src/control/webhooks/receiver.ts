// Which receivers a webhook can have. Their addresses are chosen by those who may be strangers to the machine, so they must be on the
// public internet, unless the operator named them; and what was checked is what is connected to.
import { lookup, Resolver } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { SlipError } from "@slipstream/contract/errors.ts";
import { isPublicAddress, mailPorts } from "#platform/public-address.ts";

/** Why nothing was sent, in words for who made the webhook: they tell nothing of the networks around the machine. */
export class Unsent extends Error {}

const named = `Name it in SLIP_WEBHOOK_HOSTS where the platform is started, if it is yours.`;
const wrong = (message: string, next: string): SlipError => new SlipError("invalid_input", message, { next });
const notPublic = "The receiver is not on the public internet.";

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "http:" ? 80 : 443));
/** Without the brackets of IPv6 and the full stop at the end. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
/** As SLIP_WEBHOOK_HOSTS names them. */
const authorityOf = (url: URL): string => `${url.hostname.replace(/\.$/, "")}:${portOf(url)}`;

/** Names that are the machine itself, whatever a resolver says (RFC 6761 §6.3). */
const isLoopbackName = (host: string): boolean => host === "localhost" || host.endsWith(".localhost");
const isLoopback = (host: string): boolean => isLoopbackName(host) || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** Addresses of the machine, public ones too: what listens there may be closed to all others by a firewall. */
const ownAddresses = (): BlockList => {
  const list = new BlockList();
  const all = Object.values(networkInterfaces()).flatMap((of: NetworkInterfaceInfo[] = []) => of);
  for (const { address } of all) list.addAddress(address.replace(/%.*$/, ""), familyOf(address));
  return list;
};

const maxAddresses = 8;
const resolveMs = 5_000;

/** All addresses of a name. It does not ask by the system's resolver, whose few threads a slow name server would hold up for all. */
const resolve = async (host: string, signal: AbortSignal): Promise<string[]> => {
  const resolver = new Resolver({ timeout: resolveMs, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const found = await Promise.all([resolver.resolve4(host).catch(() => []), resolver.resolve6(host).catch(() => [])]);
    return found.flat();
  } finally {
    signal.removeEventListener("abort", cancel);
  }
};

/** Of a host that the operator named, as the machine itself resolves it. */
const lookUp = async (host: string): Promise<string[]> => {
  if (isLoopbackName(host)) return ["127.0.0.1"];
  return (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address);
};

export class Receivers {
  readonly #named: ReadonlySet<string>;
  readonly #resolve: typeof resolve;

  /** `allowed` are receivers that need not be on the internet, as "host:port". */
  constructor(allowed: readonly string[], from: { resolve: typeof resolve } = { resolve }) {
    this.#named = new Set(allowed);
    this.#resolve = from.resolve;
  }

  /** The address of a webhook as it is kept. Throws `invalid_input` for one that can be seen to be none. */
  check(text: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !["https:", "http:"].includes(url.protocol)) throw wrong("The receiver needs an https address.", "Write it as https://hooks.example.org/path.");
    if (url.username !== "" || url.password !== "") throw wrong("The address holds a name or password.", "Leave it out: the signature says who sends.");
    const isNamed = this.#named.has(authorityOf(url));
    if (url.protocol === "http:" && !(isNamed && isLoopback(hostOf(url)))) throw wrong("What is sent over http can be read by others.", "Use https.");
    if (!isNamed && mailPorts.includes(portOf(url))) throw wrong(`Port ${portOf(url)} is a mail server's.`, "Use another port.");
    if (!isNamed && this.#isSeenClosed(hostOf(url))) throw wrong(notPublic, named);
    url.hash = "";
    return url.href;
  }

  /** The addresses to connect to, each of them checked. Throws `Unsent`. */
  async addressesOf(url: URL, signal: AbortSignal): Promise<string[]> {
    // The setting may be another one than when the webhook was made.
    try {
      this.check(url.href);
    } catch {
      throw new Unsent(notPublic);
    }
    const host = hostOf(url);
    const isNamed = this.#named.has(authorityOf(url));
    const addresses = isIP(host) ? [host] : await (isNamed ? lookUp(host) : this.#resolve(host, signal));
    signal.throwIfAborted();
    if (addresses.length === 0) throw new Unsent("The host name has no address.");
    if (!isNamed) this.#expectPublic(addresses);
    return addresses.slice(0, maxAddresses);
  }

  #isSeenClosed(host: string): boolean {
    return isLoopbackName(host) || (isIP(host) !== 0 && !isPublicAddress(host));
  }

  /** One that is not is enough: who made the name would else have us try until it is taken. */
  #expectPublic(addresses: readonly string[]): void {
    const own = ownAddresses();
    if (!addresses.every((address) => isPublicAddress(address) && !own.check(address, familyOf(address)))) throw new Unsent(notPublic);
  }
}
