// What becomes of a request, decided from its head and the route table alone.
import { timingSafeEqual } from "node:crypto";
import { findRoute, hostName, type Route, type RouteMap } from "../routes/route-map.ts";
import type { TargetPool } from "./target-pool.ts";

export interface Asked {
  host: string;
  target: string;
  /** Value of `slip-prove`, "" = none. */
  prove: string;
  /** It came by HTTPS. */
  secure: boolean;
}

export type Decision =
  | { kind: "page"; status: number; note: string; text?: string; route?: Route }
  | { kind: "redirect"; location: string; route: Route }
  | { kind: "platform"; targets: readonly TargetPool[] }
  | { kind: "app"; route: Route; proven: boolean };

const isLocal = (name: string): boolean => name === "localhost" || name.endsWith(".localhost");

/** Compares in a time that does not tell how much of the key was right. */
const isKey = (given: string, key: string): boolean => given.length === key.length && timingSafeEqual(Buffer.from(given, "latin1"), Buffer.from(key, "latin1"));

const starting = { kind: "page", status: 503, note: "no routes yet", text: "The platform is starting. Try again in a moment." } as const;
const unknown = { kind: "page", status: 404, note: "no route" } as const;

export const decide = (map: RouteMap | undefined, asked: Asked, httpsPort: number): Decision => {
  if (!map) return starting;
  const name = hostName(asked.host);
  const site = map.site(name);
  if (!site) return unknown;
  if (site.kind === "platform") return { kind: "platform", targets: [site.control] };
  const route = findRoute(site.routes, asked.target);
  if (!route) return unknown;
  const proven = asked.prove !== "" && isKey(asked.prove, map.proofKey ?? "");
  if (!asked.secure && !isLocal(name) && !proven) {
    const port = httpsPort === 443 ? "" : `:${httpsPort}`;
    return { kind: "redirect", location: `https://${name}${port}${asked.target === "*" ? "/" : asked.target}`, route };
  }
  if (route.targets.length === 0) return { kind: "page", status: 503, note: "the app has no instance", route };
  return { kind: "app", route, proven };
};
