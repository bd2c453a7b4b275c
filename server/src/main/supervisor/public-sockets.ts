// The two sockets that clients connect to. They are bound once and go from process to process as inherited descriptors, so a
// connection that no edge has accepted yet waits for the next one, whichever process dies.
import net from "node:net";
import { getSystemErrorName } from "node:util";
import { SlipError } from "@slipstream/contract/errors.ts";
import { isPortFree } from "#platform/ports.ts";

/** Where each process that is given them finds them. */
export const inheritedAt = { http: 3, https: 4 } as const;

interface Handle {
  readonly fd: number;
  getsockname(into: { port?: number }): number;
  close(): void;
}
type CreateServerHandle = (address: null, port: number, addressType: -1, descriptor: null, flags: 0) => Handle | number;

/** What node:cluster gives its workers: a socket that is bound, and from which this process never accepts. A net.Server would accept. */
const { _createServerHandle: createServerHandle } = net as unknown as { _createServerHandle: CreateServerHandle };

const taken = (port: number): SlipError => new SlipError("ports_taken", `Port ${port} is in use by another program.`);

const bind = (port: number): Handle => {
  const handle = createServerHandle(null, port, -1, null, 0);
  if (typeof handle === "number") throw new Error(`Port ${port} cannot be opened: ${getSystemErrorName(handle)}.`);
  const address: { port?: number } = {};
  handle.getsockname(address);
  // libuv keeps the news of a port that is taken until somebody listens.
  if (address.port === port) return handle;
  handle.close();
  throw taken(port);
};

/** Throws `ports_taken` for the first port that somebody listens on. */
export const checkPorts = async (ports: readonly number[]): Promise<void> => {
  for (const port of ports) if (!(await isPortFree(port))) throw taken(port);
};

export class PublicSockets {
  /** In the order of `inheritedAt`. */
  readonly descriptors: readonly [http: number, https: number];
  /** Kept, since a handle that nobody refers to closes its socket. */
  readonly #handles: readonly Handle[];

  private constructor(descriptors: readonly [http: number, https: number], handles: readonly Handle[]) {
    this.descriptors = descriptors;
    this.#handles = handles;
  }

  /** Those that the process which started us has handed on. */
  static inherited(): PublicSockets {
    return new PublicSockets([inheritedAt.http, inheritedAt.https], []);
  }

  /** New ones, on every address of the machine. Throws `ports_taken`. */
  static async bound({ httpPort, httpsPort }: { httpPort: number; httpsPort: number }): Promise<PublicSockets> {
    await checkPorts([httpPort, httpsPort]);
    const http = bind(httpPort);
    const https = bind(httpsPort);
    return new PublicSockets([http.fd, https.fd], [http, https]);
  }

  /** Lets go of those that were bound here. */
  close(): void {
    for (const handle of this.#handles) handle.close();
  }
}
