// A folder of files as a site: which file a path means. Nothing outside of the folder is ever named.
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, sep } from "node:path";
import { type OwnHeaders, readOwnHeaders } from "./own-headers.ts";
import { type Redirects, readRedirects } from "./redirects.ts";

export interface SiteFile {
  path: string;
  size: number;
  etag: string;
  encoding: "br" | "gzip" | undefined;
}
export type Found =
  | { kind: "file"; file: SiteFile; status: 200 | 404 }
  | { kind: "redirect"; location: string; status: number }
  | { kind: "absent" }
  | { kind: "bad" };
export interface Site {
  find(urlPath: string, accepts: string): Found;
  /** What the site itself wants the answers of a path to say. */
  headers(urlPath: string): Readonly<Record<string, string>>;
  /** What of the site's own files is not understood, for people. */
  notes: readonly string[];
}

/** Undefined too for a name that no file can have: it is longer than the system takes, or a link that leads to itself. */
const statOf = (path: string): Stats | undefined => {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
};

/** Undefined for what cannot be a path: bad escapes, NUL, a backslash. */
const decode = (urlPath: string): string | undefined => {
  try {
    const path = decodeURIComponent(urlPath);
    return path.includes("\0") || path.includes("\\") ? undefined : path;
  } catch {
    return undefined;
  }
};

/** Names that begin with a dot are private, but for the folder of well-known names (RFC 8615); so is what the server reads itself. */
const isPrivate = (path: string): boolean =>
  path === "_redirects" || path === "_headers" || path.split("/").some((part) => part.startsWith(".") && part !== ".well-known");

const pieceBytes = 2 ** 20;
/** Piece by piece: a file may be larger than the memory of an instance. */
const digestOf = (path: string): string => {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(pieceBytes);
  const file = openSync(path, "r");
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("base64url");
};

const notesOf = (name: string, { ignored }: Redirects | OwnHeaders): string[] =>
  ignored.map((line) => `${name}: line ${line} says what this server cannot do, and is left out.`);

/** The path below the folder, undefined for one that is none or leads out of it. */
const localPath = (urlPath: string): string | undefined => {
  const decoded = decode(urlPath);
  return decoded === undefined || !decoded.startsWith("/") || decoded.split("/").some((part) => part === "..") ? undefined : decoded.replace(/^\/+/, "");
};

export const openSite = (folder: string, options: { fallback: boolean }): Site => {
  const root = realpathSync(folder);
  const etags = new Map<string, string>();

  const etagOf = (path: string): string => {
    const known = etags.get(path) ?? `"${digestOf(path).slice(0, 22)}"`;
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

  const pageAt = (path: string, accepts: string): SiteFile | undefined => {
    for (const candidate of candidates(path)) {
      const file = encoded(candidate, accepts);
      if (file) return file;
    }
    return undefined;
  };

  const textOf = (name: string): string => {
    const file = fileAt(name);
    return file === undefined ? "" : readFileSync(file.path, "utf8");
  };
  const redirects = readRedirects(textOf("_redirects"));
  const ownHeaders = readOwnHeaders(textOf("_headers"));

  const ruled = (path: string, accepts: string, forced: boolean): Found | undefined => {
    const rule = redirects.find(path, forced);
    if (rule === undefined) return undefined;
    if (rule.status !== 200 && rule.status !== 404) return { kind: "redirect", location: rule.to, status: rule.status };
    const target = localPath(rule.to.replace(/[?#].*$/, ""));
    const file = target === undefined ? undefined : (pageAt(target, accepts) ?? pageAt(`${target}/`, accepts));
    return file && { kind: "file", file, status: rule.status };
  };

  return {
    notes: [...notesOf("_redirects", redirects), ...notesOf("_headers", ownHeaders)],
    headers: (urlPath) => ownHeaders.of(decode(urlPath) ?? "/"),
    find(urlPath, accepts) {
      const path = localPath(urlPath);
      if (path === undefined) return { kind: "bad" };
      if (isPrivate(path)) return { kind: "absent" };
      const forced = ruled(`/${path}`, accepts, true);
      if (forced) return forced;
      const file = pageAt(path, accepts);
      if (file) return { kind: "file", file, status: 200 };
      if (path !== "" && !path.endsWith("/") && fileAt(`${path}/index.html`))
        return { kind: "redirect", location: `/${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}/`, status: 308 };
      return ruled(`/${path}`, accepts, false) ?? instead(accepts);
    },
  };
};
