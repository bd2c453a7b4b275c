// `fetch` through the edge of a control plane for tests, with its own authority: what a client of the platform meets.
import type { LookupFunction } from "node:net";
import { Agent, fetch, type RequestInit, type Response } from "undici";
import type { ControlPlane } from "./control-plane.ts";

/** Names below .localhost are this machine, whatever its resolver says. */
const here: LookupFunction = (_, options, found) => (options.all ? found(null, [{ address: "127.0.0.1", family: 4 }]) : found(null, "127.0.0.1", 4));

export interface EdgeFetch {
  /** `path` begins with "/". */
  (path: string, init?: RequestInit): Promise<Response>;
  url: string;
  /** Ends its connections, also of answers that nobody has read. */
  close(): Promise<void>;
}

/** `token` is sent with every request that says nothing else. */
export const edgeFetch = async (plane: ControlPlane, token?: string): Promise<EdgeFetch> => {
  const { certificate } = await plane.client.call("platform.trust", {});
  const agent = new Agent({ connect: { ca: certificate, lookup: here } });
  const url = `https://slip.localhost:${plane.installation.httpsPort}`;
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ask = (path: string, { headers, ...init }: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, url), { ...init, dispatcher: agent, headers: { ...bearer, ...(headers as Record<string, string> | undefined) } });
  return Object.assign(ask, { url, close: () => agent.destroy() });
};
