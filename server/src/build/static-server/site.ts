// A folder of files as a site: which file a path means. Nothing outside of the folder is ever named.
import { createHash } from "node:crypto";
import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, sep } from "node:path";

export interface SiteFile {
  path: string;
  size: number;
  etag: string;
  encoding: "br" | "gzip" | undefined;
}
export type Found = { kind: "file"; file: SiteFile; status: 200 | 404 } | { kind: "redirect"; location: string } | { kind: "absent" } | { kind: "bad" };
export interface Site {
  find(urlPath: string, accepts: string): Found;
}

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** Undefined for what cannot be a path: bad escapes, NUL, a backslash. */
const decode = (urlPath: string): string | undefined => {
  try {
    const path = decodeURIComponent(urlPath);
    return path.includes("\0") || path.includes("\\") ? undefined : path;
  } catch {
    return undefined;
  }
};

/** Names that begin with a dot are private, but for the folder of well-known names (RFC 8615). */
const isPrivate = (path: string): boolean => path.split("/").some((part) => part.startsWith(".") && part !== ".well-known");

export const openSite = (folder: string, options: { fallback: boolean }): Site => {
  const root = realpathSync(folder);
  const etags = new Map<string, string>();

  const etagOf = (path: string): string => {
    const known = etags.get(path) ?? `"${createHash("sha256").update(readFileSync(path)).digest("base64url").slice(0, 22)}"`;
    etags.set(path, known);
    return known;
  };

  /** The real file behind a relative path, undefined when it is none or when links lead out of the folder. */
  const fileAt = (path: string): { path: string; size: number } | undefined => {
    const stats = statOf(join(root, path));
    if (!stats?.isFile()) return undefined;
    const real = realpathSync(join(root, path));
    return real.startsWith(`${root}${sep}`) ? { path: real, size: stats.size } : undefined;
  };

  const encoded = (path: string, accepts: string): SiteFile | undefined => {
    const plain = fileAt(path);
    if (!plain) return undefined;
    for (const [encoding, suffix] of [
      ["br", ".br"],
      ["gzip", ".gz"],
    ] as const) {
      const packed = new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepts) ? fileAt(path + suffix) : undefined;
      if (packed) return { ...packed, etag: etagOf(packed.path), encoding };
    }
    return { ...plain, etag: etagOf(plain.path), encoding: undefined };
  };

  const instead = (accepts: string): Found => {
    const own = encoded("404.html", accepts);
    if (own) return { kind: "file", file: own, status: 404 };
    const index = options.fallback ? encoded("index.html", accepts) : undefined;
    return index ? { kind: "file", file: index, status: 200 } : { kind: "absent" };
  };

  const candidates = (path: string): string[] => (path === "" || path.endsWith("/") ? [`${path}index.html`] : [path, `${path}.html`]);

  return {
    find(urlPath, accepts) {
      const decoded = decode(urlPath);
      if (decoded === undefined || !decoded.startsWith("/") || decoded.split("/").some((part) => part === "..")) return { kind: "bad" };
      const path = decoded.replace(/^\/+/, "");
      if (isPrivate(path)) return { kind: "absent" };
      for (const candidate of candidates(path)) {
        const file = encoded(candidate, accepts);
        if (file) return { kind: "file", file, status: 200 };
      }
      if (path !== "" && !path.endsWith("/") && fileAt(`${path}/index.html`))
        return { kind: "redirect", location: `/${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}/` };
      return instead(accepts);
    },
  };
};
