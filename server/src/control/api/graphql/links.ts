// Ways from one noun to another: an app's releases, a deployment's app. Found in the registry, by what its operations take.
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { z } from "zod";
import { nameOf, pascal } from "./names.ts";
import { fieldsOf, type Schema, shapeOf } from "./shape.ts";

/** Something that an operation NOUN.get shows by one key: an app by its name. */
export interface Noun {
  get: OperationName;
  key: string;
  keySchema: Schema;
  /** The object that the operation answers with. */
  object: Schema;
}

/** The named schema itself, also where it has got a description or a check more. */
export const origin = (schema: Schema): Schema => {
  let each = schema;
  while (each._zod.parent && nameOf(each._zod.parent) !== undefined) each = each._zod.parent;
  return each;
};

const valueSchema = (schema: Schema, direction: "input" | "output"): z.core.$ZodType => origin(shapeOf(schema, direction).schema);

export const nounsIn = (operations: Readonly<Record<string, Operation>>): Noun[] =>
  Object.entries(operations).flatMap(([name, { effect, answer, input, output }]) => {
    const [field, ...more] = Object.entries(input.shape as Record<string, Schema>);
    if (!name.endsWith(".get") || effect !== "read" || answer !== "json" || !field || more.length > 0) return [];
    const [key, schema] = field;
    const keySchema = valueSchema(schema, "input");
    return nameOf(keySchema) === undefined ? [] : [{ get: name as OperationName, key, keySchema, object: origin(shapeOf(output, "output").schema) }];
  });

export interface LinkToOne {
  /** The field of the object that holds the key. */
  field: string;
  /** The link takes the name of that field, and the key is called otherwise: "app" becomes "appName". What is called "id" stays so. */
  link: string;
  renamed: string;
  noun: Noun;
}

/** "AppName" of "app" is the name, "DeploymentId" of "deployment" the id. */
const renamedTo = (field: string, { key, keySchema }: Noun): string => {
  const name = nameOf(keySchema) ?? "";
  if (name.startsWith(pascal(key))) return field + name.slice(pascal(key).length);
  return field + (name.endsWith("Id") ? "Id" : "Key");
};

/** Ids tell by themselves what they are of. A name may be that of several things, so its field has to say it: `app` is an app. */
const names = ({ key, keySchema }: Noun, field: string, schema: Schema): boolean =>
  schema === keySchema && (field === key || nameOf(keySchema)?.endsWith("Id") === true);

/** Fields of an object that name another noun. */
export const linksToOne = (object: Schema, nouns: readonly Noun[]): LinkToOne[] => {
  const fields = fieldsOf(object) ?? {};
  return Object.entries(fields).flatMap(([field, schema]) => {
    const noun = nouns.find((each) => names(each, field, valueSchema(schema, "output")));
    if (!noun || noun.object === origin(object)) return [];
    const [link, renamed] = field === "id" ? [noun.key, field] : [field, renamedTo(field, noun)];
    const isFree = [link, renamed].every((name) => name === field || !(name in fields));
    return isFree ? [{ field, link, renamed, noun }] : [];
  });
};

/** The noun that an object is. */
export const nounOf = (object: Schema, nouns: readonly Noun[]): Noun | undefined => nouns.find((noun) => noun.object === origin(object));

/** Whether an operation takes a noun's key under the noun's own name. */
export const takes = ({ input }: Pick<Operation, "input">, { key, keySchema }: Noun): boolean => {
  const field = (input.shape as Record<string, Schema>)[key];
  return field !== undefined && valueSchema(field, "input") === keySchema;
};
