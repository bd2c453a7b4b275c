// Poetry's files in pip's words, so that a Poetry project installs with what is there already, and as fast.
import { ParseError } from "toml-eslint-parser";
import { z } from "zod";
import { readToml } from "../../toml.ts";

const Lock = z.object({
  package: z
    .array(
      z.object({
        name: z.string(),
        version: z.string(),
        optional: z.boolean().default(false),
        groups: z.array(z.string()).default(["main"]),
        category: z.string().default("main"),
        // One marker for all groups, or one for each.
        markers: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
        files: z.array(z.object({ hash: z.string() })).default([]),
        source: z.object({ type: z.string() }).optional(),
      }),
    )
    .default([]),
  metadata: z.object({ files: z.record(z.string(), z.array(z.object({ hash: z.string() }))).default({}) }).default({ files: {} }),
});
type Locked = z.infer<typeof Lock>["package"][number];

const parse = (text: string): unknown => {
  try {
    return readToml(text).value;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
};

const markerOf = ({ markers }: Locked): string => {
  const marker = typeof markers === "string" ? markers : markers?.main;
  return marker === undefined ? "" : ` ; ${marker}`;
};

/**
 * The lines of a requirements file with hashes that a poetry.lock means, without what is for development alone.
 * Undefined when pip cannot say it: another format, packages that come from elsewhere than an index, none with hashes.
 */
export const lockedRequirements = (text: string): string[] | undefined => {
  const lock = Lock.safeParse(parse(text));
  if (!lock.success) return undefined;
  const wanted = lock.data.package.filter((each) => !each.optional && each.groups.includes("main") && each.category === "main");
  const hashes = (each: Locked): string[] =>
    (each.files.length > 0 ? each.files : (lock.data.metadata.files[each.name] ?? [])).map(({ hash }) => `--hash=${hash}`);
  if (wanted.some((each) => (each.source !== undefined && each.source.type !== "legacy") || hashes(each).length === 0)) return undefined;
  return wanted.map((each) => `${each.name}==${each.version}${markerOf(each)} ${hashes(each).join(" ")}`);
};

/** "^1.2.3" allows what leaves the first number that is not zero; "~1.2.3" what leaves the second. */
const bounded = (version: string, kept: number): string => {
  const numbers = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const upper = numbers.slice(0, kept + 1).map((number, index) => (index === kept ? number + 1 : number));
  return `>=${version},<${upper.join(".")}`;
};

const specifier = (constraint: string): string => {
  const [, sign = "", version = ""] = /^(\^|~(?!=))\s*(\d[\w.]*)$/.exec(constraint) ?? [];
  const numbers = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const first = numbers.findIndex((number) => number > 0);
  if (sign === "^") return bounded(version, first < 0 ? numbers.length - 1 : first);
  if (sign === "~") return bounded(version, Math.min(1, numbers.length - 1));
  if (constraint === "*") return "";
  return /^\d/.test(constraint) ? `==${constraint}` : constraint;
};

const Table = z.object({ version: z.string(), extras: z.array(z.string()).default([]), markers: z.string().optional(), optional: z.boolean().default(false) });

const requirementOf = (name: string, value: unknown): string | undefined => {
  const table = Table.safeParse(typeof value === "string" ? { version: value } : value);
  if (!table.success || table.data.version.includes("||")) return undefined;
  const { version, extras, markers, optional } = table.data;
  const range = version
    .split(",")
    .map((part) => specifier(part.trim()))
    .filter((part) => part !== "");
  return optional ? "" : `${name}${extras.length > 0 ? `[${extras.join(",")}]` : ""}${range.join(",")}${markers === undefined ? "" : ` ; ${markers}`}`;
};

/** The requirements that [tool.poetry.dependencies] means; undefined when pip cannot say one of them. */
export const declaredRequirements = (dependencies: Readonly<Record<string, unknown>>): string[] | undefined => {
  const all = Object.entries(dependencies)
    .filter(([name]) => name !== "python")
    .map(([name, value]) => requirementOf(name, value));
  return all.every((each) => each !== undefined) ? all.filter((each) => each !== "") : undefined;
};
