// Output types out of zod schemas.
import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLNullableOutputType,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLUnionType,
} from "graphql";
import type { Ask } from "./ask.ts";
import type { Enums } from "./enums.ts";
import { isName, meanings, type Names, pascal } from "./names.ts";
import { Json, scalarOf } from "./scalars.ts";
import { fieldsOf, type Schema, shapeOf, variantsOf } from "./shape.ts";
import { plainUnion } from "./unions.ts";

export type Fields = GraphQLFieldConfigMap<unknown, Ask>;
export type Field = GraphQLFieldConfig<unknown, Ask>;

/** What stands in an object besides the fields of its schema, and in place of some of them, and what else it is. */
export type Linking = (object: Schema) => { links: () => Fields; renamed: ReadonlyMap<string, string>; interfaces: GraphQLInterfaceType[] };

export class OutputTypes {
  readonly #names: Names;
  readonly #enums: Enums;
  readonly #linking: Linking;
  readonly #made = new Map<string, GraphQLNullableOutputType>();

  constructor(parts: { names: Names; enums: Enums; linking: Linking }) {
    this.#names = parts.names;
    this.#enums = parts.enums;
    this.#linking = parts.linking;
  }

  /** `name` is for a schema that the contract does not name. */
  of(schema: Schema, name: string): GraphQLOutputType {
    const shape = shapeOf(schema, "output");
    const type = this.#type(shape.schema, name, shape.description);
    return shape.isOptional ? type : new GraphQLNonNull(type);
  }

  nullable(schema: Schema, name: string): GraphQLNullableOutputType {
    const shape = shapeOf(schema, "output");
    return this.#type(shape.schema, name, shape.description);
  }

  #type(schema: Schema, name: string, description: string | undefined): GraphQLNullableOutputType {
    const each = schema as Parameters<typeof variantsOf>[0];
    const { def } = each._zod;
    if (def.type === "array") return new GraphQLList(this.of(def.element, name));
    if (def.type === "enum") return this.#enums.of(each as Parameters<Enums["of"]>[0], name, description) ?? scalarOf(each);
    if (def.type === "union") return this.#union(each, this.#names.of(each) ?? name, description) ?? plainUnion(def.options);
    const fields = fieldsOf(each);
    if (!fields) return scalarOf(each);
    const isSayable = Object.keys(fields).length > 0 && Object.keys(fields).every(isName);
    return isSayable ? this.#object(each, this.#names.of(each) ?? name, description) : Json;
  }

  #object(schema: Schema, name: string, description: string | undefined): GraphQLObjectType<unknown, Ask> {
    return this.#once(
      name,
      schema,
      () =>
        new GraphQLObjectType<unknown, Ask>({
          name,
          description: description ?? meanings[name],
          interfaces: () => this.#linking(schema).interfaces,
          fields: () => this.#fields(schema, name),
        }),
    );
  }

  #fields(schema: Schema, name: string): Fields {
    const { links, renamed } = this.#linking(schema);
    const own = Object.entries(fieldsOf(schema) ?? {}).map(([key, field]): [string, Field] => {
      const { description } = shapeOf(field, "output");
      const resolve = (source: unknown): unknown => (source as Record<string, unknown>)[key];
      return [renamed.get(key) ?? key, { type: this.of(field, name + pascal(key)), description, ...(renamed.has(key) ? { resolve } : {}) }];
    });
    return { ...Object.fromEntries(own), ...links() };
  }

  #union(schema: Parameters<typeof variantsOf>[0], name: string, description: string | undefined): GraphQLUnionType | undefined {
    const found = variantsOf(schema);
    if (!found) return undefined;
    const nameOfVariant = (value: string): string => name + pascal(value);
    const types = found.variants.map(({ value, schema: variant }) => this.#object(variant, nameOfVariant(value), undefined));
    const resolveType = (value: unknown): string => nameOfVariant(String((value as Record<string, unknown>)[found.field]));
    return this.#once(name, schema, () => new GraphQLUnionType({ name, description, types, resolveType }));
  }

  #once<T extends GraphQLNullableOutputType>(name: string, by: unknown, make: () => T): T {
    const before = this.#made.get(name);
    this.#names.take(name, by);
    if (before) return before as T;
    const type = make();
    this.#made.set(name, type);
    return type;
  }
}
