// Input types out of zod schemas, and the input of an operation out of what came for them.
import {
  type GraphQLArgumentConfig,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLNullableInputType,
  isEnumType,
} from "graphql";
import type { Enums } from "./enums.ts";
import { camel, enumValueName, isName, type Names, pascal } from "./names.ts";
import { Json, scalarOf } from "./scalars.ts";
import { fieldsOf, type Schema, shapeOf, variantsOf } from "./shape.ts";
import { plainUnion } from "./unions.ts";

type Union = Parameters<typeof variantsOf>[0];

/** A union is sent as an object with the one field that says which it is: { git: { url: "…" } }. */
const oneOfFields = (union: Union) => variantsOf(union)?.variants.map((variant) => ({ ...variant, key: camel(variant.value) }));

const isPlain = (value: unknown): value is string | number | boolean => ["string", "number", "boolean"].includes(typeof value);

export class InputTypes {
  readonly #names: Names;
  readonly #enums: Enums;
  readonly #made = new Map<string, GraphQLInputObjectType>();

  constructor(parts: { names: Names; enums: Enums }) {
    this.#names = parts.names;
    this.#enums = parts.enums;
  }

  /** One argument or field. `name` is for a schema that the contract does not name, without the "Input" at its end. */
  field(schema: Schema, name: string): GraphQLArgumentConfig {
    const { isOptional, default: value, description, schema: inside } = shapeOf(schema, "input");
    const nullable = this.#type(inside, name);
    const type: GraphQLInputType = isOptional ? nullable : new GraphQLNonNull(nullable);
    const fallback = isPlain(value) ? { default: { value: isEnumType(nullable) ? enumValueName(String(value)) : value } } : {};
    return { type, ...(description === undefined ? {} : { description }), ...fallback };
  }

  object(schema: Schema, name: string): GraphQLInputObjectType {
    const own = `${this.#names.of(schema) ?? name}Input`;
    return this.#once(own, schema, () => {
      const fields = (): GraphQLInputFieldConfigMap =>
        Object.fromEntries(Object.entries(fieldsOf(schema) ?? {}).map(([key, field]) => [key, this.field(field, name + pascal(key))]));
      return new GraphQLInputObjectType({ name: own, fields });
    });
  }

  #type(schema: Union, name: string): GraphQLNullableInputType {
    const { def } = schema._zod;
    if (def.type === "array") return new GraphQLList(this.field(def.element, name).type);
    if (def.type === "enum") return this.#enums.of(schema as Parameters<Enums["of"]>[0], name) ?? scalarOf(schema);
    if (def.type === "union") return this.#oneOf(schema, this.#names.of(schema) ?? name) ?? plainUnion(def.options);
    const fields = fieldsOf(schema);
    if (!fields) return scalarOf(schema);
    return Object.keys(fields).length > 0 && Object.keys(fields).every(isName) ? this.object(schema, name) : Json;
  }

  #oneOf(schema: Union, name: string): GraphQLInputObjectType | undefined {
    const fields = oneOfFields(schema);
    const discriminator = variantsOf(schema)?.field;
    if (!fields || discriminator === undefined) return undefined;
    return this.#once(`${name}Input`, schema, () => {
      const one = ({ key, value, schema: variant }: (typeof fields)[number]) => [key, { type: this.#variant(variant, name + pascal(value), discriminator) }];
      return new GraphQLInputObjectType({ name: `${name}Input`, isOneOf: true, fields: () => Object.fromEntries(fields.map(one)) });
    });
  }

  #variant(schema: Schema, name: string, discriminator: string): GraphQLNullableInputType {
    const rest = Object.entries(fieldsOf(schema) ?? {}).filter(([key]) => key !== discriminator);
    if (rest.length === 0) return Json;
    const fields = (): GraphQLInputFieldConfigMap => Object.fromEntries(rest.map(([key, field]) => [key, this.field(field, name + pascal(key))]));
    return this.#once(`${name}Input`, schema, () => new GraphQLInputObjectType({ name: `${name}Input`, fields }));
  }

  #once(name: string, by: unknown, make: () => GraphQLInputObjectType): GraphQLInputObjectType {
    const before = this.#made.get(name);
    this.#names.take(name, by);
    if (before) return before;
    const type = make();
    this.#made.set(name, type);
    return type;
  }
}

const variantInput = (union: Union, value: Record<string, unknown>): unknown => {
  const field = variantsOf(union)?.field;
  const [key, inside] = Object.entries(value)[0] ?? [];
  const variant = oneOfFields(union)?.find((each) => each.key === key);
  if (!variant || field === undefined) return value;
  return { ...(objectInput(variant.schema, inside as Record<string, unknown>) as object), [field]: variant.value };
};

const objectInput = (schema: Schema, value: Record<string, unknown>): unknown =>
  Object.fromEntries(
    Object.entries(fieldsOf(schema) ?? {}).flatMap(([key, field]) => {
      const given = value[key];
      // null says the same as leaving out, where it is not a value of its own.
      const isThere = given !== undefined && (given !== null || shapeOf(field, "input").isNullable);
      return isThere ? [[key, inputOf(field, given)]] : [];
    }),
  );

/** What the operation takes, out of what GraphQL has made of the arguments. */
export const inputOf = (of: Schema, value: unknown): unknown => {
  const { schema } = shapeOf(of, "input");
  const { def } = schema._zod;
  if (typeof value !== "object" || value === null) return value;
  if (def.type === "array" && Array.isArray(value)) return value.map((item: unknown) => inputOf(def.element, item));
  if (def.type === "union" && oneOfFields(schema)) return variantInput(schema, value as Record<string, unknown>);
  return fieldsOf(schema) ? objectInput(schema, value as Record<string, unknown>) : value;
};
