// Enumerations, the same for input and output.
import { GraphQLEnumType } from "graphql";
import type { z } from "zod";
import { enumValueName, isName, type Names } from "./names.ts";

export class Enums {
  readonly #names: Names;
  readonly #made = new Map<string, { values: string; type: GraphQLEnumType }>();

  constructor(names: Names) {
    this.#names = names;
  }

  /** `name` is for a schema that the contract does not name. Undefined for values that GraphQL has no names for. */
  of(schema: z.core.$ZodEnum, name: string, description?: string): GraphQLEnumType | undefined {
    const values = Object.values(schema._zod.def.entries).map(String);
    const named = new Map(values.map((value) => [enumValueName(value), { value }]));
    if (named.size < values.length || ![...named.keys()].every(isName)) return undefined;
    return this.#make(this.#names.of(schema) ?? name, values.join(), { values: Object.fromEntries(named), description });
  }

  /** The same values under the same name are one enumeration, wherever they stand. */
  #make(name: string, values: string, config: Pick<ConstructorParameters<typeof GraphQLEnumType>[0], "values" | "description">): GraphQLEnumType {
    const before = this.#made.get(name);
    if (before?.values === values) return before.type;
    const type = new GraphQLEnumType({ name: this.#names.take(name, values), ...config });
    this.#made.set(name, { values, type });
    return type;
  }
}
