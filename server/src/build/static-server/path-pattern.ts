// The patterns of _redirects and _headers: `:name` is one part of a path, `*` is any rest, which is called "splat".

export interface PathPattern {
  /** What the pattern's names stand for in a decoded path; undefined where it does not fit. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Undefined for what is no path, an address with a host, which only their own services know; and for several rests, with which a long path takes seconds. */
export const pathPattern = (text: string): PathPattern | undefined => {
  if (!text.startsWith("/") || text.indexOf("*") !== text.lastIndexOf("*")) return undefined;
  const names: string[] = [];
  const source = text.replace(/\/+$/, "").replace(/(\/\*$)|\*|\/:(\w+)|[^*/]+|\//g, (part, rest: string | undefined, name: string | undefined) => {
    if (rest !== undefined || part === "*") names.push("splat");
    if (rest !== undefined) return "(?:\\/(.*))?";
    if (part === "*") return "(.*)";
    if (name === undefined) return literal(part);
    names.push(name);
    return "\\/([^/]+)";
  });
  const expression = new RegExp(`^${source}\\/?$`);
  return {
    match: (path) => {
      const found = expression.exec(path);
      return found === null ? undefined : Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ""]));
    },
  };
};
