// Signs of a variable that the program wants and was not given.
import { again, type Diagnosis, type Sign, type Surroundings } from "./sign.ts";

/** Names whose values are no one else's business: they are asked for as secrets. */
const isSecret = (name: string): boolean => /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|PRIVATE|DSN|_UR[IL]$/.test(name);

const actionsOf = (name: string, { app, during }: Surroundings): string[] => {
  const command = isSecret(name)
    ? `'slip secrets set ${app} ${name} --stage', which asks for the value`
    : `'slip env set ${app} ${name} --stage', which asks for the value`;
  if (during === "run") return [`Run ${command}${again}`];
  return [`Run 'slip secrets set ${app} ${name} --stage', which asks for the value, set [build] secrets = ["${name}"] in slip.toml${again}`];
};

const missing = (name: string | undefined, around: Surroundings): Diagnosis | undefined =>
  // A variable that is there was refused for its value, or by someone who looks elsewhere.
  name === undefined || around.variables.includes(name) ? undefined : { cause: `The variable ${name} is not set.`, actions: actionsOf(name, around) };

const name = "[A-Z][A-Z0-9_]{2,63}";
const quoted = `["'\`$]?\\{?(${name})\\}?["'\`]?`;
/** Names of variables have an underscore, or somebody says that it is one. */
const compound = "[A-Z][A-Z0-9]*_[A-Z0-9_]{1,62}";
const isMissing =
  "(?:is not (?:set|defined|provided|configured|present|found)|not (?:set|defined|found|provided)|is (?:required|missing|undefined|unset|empty)|must (?:be (?:set|defined|provided|given)|not be empty)|missing|required)";

const patterns: readonly RegExp[] = [
  new RegExp(`\\b(?:[Ee]nvironment|[Ee]nv)(?:ironment)?[ -](?:[Vv]ariable|[Vv]ar)s?:? ${quoted}:? ${isMissing}`),
  new RegExp(
    `\\b(?:[Mm]issing|[Uu]nset|[Uu]ndefined|[Rr]equired|[Nn]o)(?: (?:a|an|the|required|mandatory))* (?:[Ee]nvironment |[Ee]nv |[Cc]onfig )?(?:[Vv]ariable|[Vv]ar|setting|env)s?(?: (?:not set|named|called))?:?\\s+(?:- )?${quoted}`,
  ),
  new RegExp(`\\b[Ee]nvironment variable not found: ${quoted}`),
  new RegExp(`\\b(?:[Pp]lease )?[Ss]et (?:the )?${quoted} environment variable`),
  new RegExp(`(?:^|: )(?:[Vv]ariable |[Tt]he )?["'\`$]?\\{?(${compound})\\}?["'\`]?(?: (?:environment|env) (?:variable|var)| variable)?:? ${isMissing}`, "m"),
  new RegExp(`(?:^|: )[Mm]issing:? ["'\`$]?(${compound})["'\`]?`, "m"),
  // Python says the same of any dictionary: the frame of os shows that it was the environment.
  /(?:<frozen os>|\/os\.py)", line \d+, in __getitem__\n(?:\s.*\n){0,4}?KeyError: '([A-Z][A-Z0-9_]{1,63})'/,
  // What zod and envalid say of a schema of variables.
  /"path": \[\s*"([A-Z][A-Z0-9_]{2,63})"\s*\],\s*"message": "(?:Required|Invalid input: expected string, received undefined)"/,
  new RegExp(`^\\s*(${compound}): (?:undefined|Required|Invalid input: expected string, received undefined)`, "m"),
  new RegExp(`\\b(${compound}): \\[\\s*['"](?:Required|Invalid input: expected string, received undefined)['"]`),
  // What pydantic says.
  new RegExp(`^(${name})\\n\\s+Field required`, "im"),
];

export const variableSigns: readonly Sign[] = patterns.map((pattern) => ({ pattern, read: ([found], around) => missing(found?.toUpperCase(), around) }));
