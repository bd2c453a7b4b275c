// The file _redirects of a site, as Netlify and Cloudflare Pages read it: FROM TO [STATUS], one a line.
import { type PathPattern, pathPattern } from "./path-pattern.ts";

const statuses = [200, 301, 302, 303, 307, 308, 404] as const;
type Status = (typeof statuses)[number];

interface Rule {
  from: PathPattern;
  to: string;
  status: Status;
  /** Stands over a file of the site ("301!"). */
  forced: boolean;
}
export interface Redirects {
  /** Where the first rule for a decoded path leads: a path, or an address. */
  find(path: string, forced: boolean): { to: string; status: Status } | undefined;
  /** Lines that say something else than this server can do. */
  ignored: readonly number[];
}

const ruleOf = (line: string): Rule | undefined => {
  const [from = "", to = "", code = "301", ...more] = line.split(/\s+/);
  const [, digits, mark] = /^(\d{3})(!?)$/.exec(code) ?? [];
  const pattern = pathPattern(from);
  const status = statuses.find((each) => each === Number(digits));
  const isElsewhere = /^https?:\/\//.test(to);
  if (pattern === undefined || status === undefined || more.length > 0) return undefined;
  // What is elsewhere can be led to, but not fetched from there.
  if (isElsewhere ? status < 300 || status === 404 : !to.startsWith("/")) return undefined;
  return { from: pattern, to: asAddress(to), status, forced: mark === "!" };
};

/** What no field of an answer can hold, as an address writes it. */
const asAddress = (to: string): string => to.replace(/[^\x21-\x7e]+/g, encodeURIComponent);

/** A path never begins with two slashes, which would name another host. */
const fill = (to: string, values: Readonly<Record<string, string>>): string =>
  to
    .replace(/:(\w+)/g, (whole, name: string) => (values[name] === undefined ? whole : encodeURI(values[name]).replace(/[?#]/g, encodeURIComponent)))
    .replace(/^\/{2,}/, "/");

export const readRedirects = (text: string): Redirects => {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const rules = lines.map((line) => (line === "" ? undefined : ruleOf(line)));
  return {
    find(path, forced) {
      for (const rule of rules) {
        const values = rule?.forced === forced ? rule.from.match(path) : undefined;
        if (rule && values) return { to: fill(rule.to, values), status: rule.status };
      }
      return undefined;
    },
    ignored: lines.flatMap((line, index) => (line !== "" && rules[index] === undefined ? [index + 1] : [])),
  };
};
