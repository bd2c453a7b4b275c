// What is wrong with a value, in words for people who write slip.toml or call an operation; zod's own are for those who wrote the schema.
import type { z } from "zod";

type Issue = z.core.$ZodIssue;
type Of<Code extends Issue["code"]> = Extract<Issue, { code: Code }>;

const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  NaN: "text",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  map: "an object",
};

const formats: Readonly<Record<string, string>> = {
  datetime: "a time such as 2026-01-31T12:00:00Z",
  url: "an address such as https://example.org",
  email: "an e-mail address",
};

const kindOf = (name: string): string => kinds[name] ?? name;

/** zod says in its own text alone what it was given. */
const givenOf = (message: string): string => /, received (\w+)$/.exec(message)?.[1] ?? "undefined";

const wrongType = (expected: readonly string[], { message }: Of<"invalid_type">): string => {
  const given = givenOf(message);
  const wanted = [...new Set(expected.map(kindOf))].join(" or ");
  if (given === "undefined") return `missing, expected ${wanted}`;
  return kindOf(given) === "a number" && wanted === "a whole number" ? `expected ${wanted}` : `expected ${wanted}, not ${kindOf(given)}`;
};

const units: Readonly<Record<string, [one: string, many: string]>> = { string: ["character", "characters"], array: ["entry", "entries"] };

const sized = (origin: string, size: number | bigint): string => {
  const [one, many] = units[origin] ?? [];
  return one === undefined ? `${size}` : `${size} ${size === 1 ? one : many}`;
};

const tooSmall = ({ origin, minimum, inclusive }: Of<"too_small">): string => `${inclusive === false ? "more than" : "at least"} ${sized(origin, minimum)}`;
const tooBig = ({ origin, maximum, inclusive }: Of<"too_big">): string => `${inclusive === false ? "less than" : "at most"} ${sized(origin, maximum)}`;

const oneOf = (values: readonly unknown[]): string => {
  const quoted = values.map((value) => JSON.stringify(value)).join(", ");
  return values.length === 1 ? `expected ${quoted}` : `expected one of ${quoted}`;
};

const isOfOtherType = (issue: Issue): issue is Of<"invalid_type"> => issue.code === "invalid_type" && issue.path.length === 0;

/** What is wrong by the member that it is of, else which there are. */
const noneOfUnion = (issue: Of<"invalid_union">): string => {
  if ("options" in issue && Array.isArray(issue.options)) return oneOf(issue.options);
  const [almost] = issue.errors.find((issues) => !issues.some(isOfOtherType)) ?? [];
  if (almost) return almost.path.length === 0 ? expectationOf(almost) : mistakeOf(almost);
  const types = issue.errors.flatMap((issues) => issues.filter(isOfOtherType));
  const expected = types.map((type) => type.expected);
  return types[0] ? wrongType(expected, types[0]) : "it does not fit";
};

/** A message that a schema brings stays as it is; that of a pattern says what the pattern stands for. Pure. */
export const expectationOf = (issue: Issue): string => {
  switch (issue.code) {
    case "too_small":
      return tooSmall(issue);
    case "too_big":
      return tooBig(issue);
    case "invalid_type":
      return wrongType([issue.expected], issue);
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return noneOfUnion(issue);
    case "unrecognized_keys":
      return `there is no ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    case "invalid_format":
      return `expected ${issue.message.startsWith("Invalid ") ? (formats[issue.format] ?? issue.format) : issue.message}`;
    case "invalid_key":
      return issue.issues[0] ? expectationOf(issue.issues[0]) : issue.message;
    default:
      return issue.message;
  }
};

/** The same with the place where it stands: `run.port: at most 65535`. Pure. */
export const mistakeOf = (issue: Issue | undefined): string =>
  `${issue?.path.map(String).join(".") || "input"}: ${issue ? expectationOf(issue) : "it does not fit"}`;
