// What a zod schema is, seen as a field: what stands in it, and whether it may be left out.
import { z } from "zod";

export type Direction = "input" | "output";
export type Schema = z.core.$ZodType;

export interface Shape {
  /** Without what only says when it may be left out. */
  schema: z.core.$ZodTypes;
  isOptional: boolean;
  /** Whether null is a value of its own. */
  isNullable: boolean;
  default: unknown;
  description: string | undefined;
}

/** The one schema inside a wrapper, or undefined for what is none. */
const inner = (schema: z.core.$ZodTypes, direction: Direction): Schema | undefined => {
  const { def } = schema._zod;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
    case "catch":
    case "nonoptional":
      return def.innerType;
    case "lazy":
      return def.getter();
    // What is made of the text that came (z.preprocess) says what may come.
    case "pipe":
      return direction === "output" || kindOf(def.in) === "transform" ? def.out : def.in;
    case "union": {
      const present = def.options.filter((option) => kindOf(option) !== "null");
      return present.length === 1 ? present[0] : undefined;
    }
    default:
      return undefined;
  }
};

export const kindOf = (schema: Schema): z.core.$ZodTypes["_zod"]["def"]["type"] => (schema as z.core.$ZodTypes)._zod.def.type;

const mayBeLeftOut = (schema: z.core.$ZodTypes, direction: Direction): boolean => {
  const { def } = schema._zod;
  if (def.type === "optional" || def.type === "nullable" || def.type === "union") return true;
  return direction === "input" && (def.type === "default" || def.type === "prefault" || def.type === "catch");
};

const described = (schema: Schema): string | undefined => z.globalRegistry.get(schema)?.description;

export const shapeOf = (of: Schema, direction: Direction): Shape => {
  let schema = of as z.core.$ZodTypes;
  const shape: Shape = { schema, isOptional: false, isNullable: false, default: undefined, description: described(of) };
  for (let next = inner(schema, direction); next; next = inner(schema, direction)) {
    const { def } = schema._zod;
    shape.isOptional = def.type === "nonoptional" ? false : shape.isOptional || mayBeLeftOut(schema, direction);
    shape.isNullable ||= def.type === "nullable" || def.type === "union";
    if (def.type === "default" || def.type === "prefault") shape.default ??= def.defaultValue;
    schema = next as z.core.$ZodTypes;
    shape.description ??= described(schema);
  }
  return { ...shape, schema };
};

/** The fields of an object, or undefined for what is no object or an open one. */
export const fieldsOf = (schema: Schema): Readonly<Record<string, Schema>> | undefined => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type !== "object") return undefined;
  const isOpen = def.catchall !== undefined && kindOf(def.catchall) !== "never";
  return isOpen ? undefined : (def.shape as Record<string, Schema>);
};

export interface Variant {
  /** The value of the field that tells the variants apart. */
  value: string;
  schema: Schema;
}

/** The variants of a discriminated union of objects, and the field that tells them apart. */
export const variantsOf = (schema: z.core.$ZodTypes): { field: string; variants: Variant[] } | undefined => {
  const { def } = schema._zod;
  if (def.type !== "union" || !("discriminator" in def) || typeof def.discriminator !== "string") return undefined;
  const field = def.discriminator;
  const variants = def.options.map((option) => ({ value: literalOf(fieldsOf(option)?.[field]), schema: option }));
  return variants.every((variant): variant is Variant => variant.value !== undefined) ? { field, variants } : undefined;
};

const literalOf = (schema: Schema | undefined): string | undefined => {
  if (!schema) return undefined;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [value, ...rest] = def.type === "literal" ? def.values : [];
  return typeof value === "string" && rest.length === 0 ? value : undefined;
};
