// What a query may cost, counted before anything of it is done: its depth, its points, its mutations.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { FieldNote } from "./schema.ts";

export interface Size {
  /** Fields of its own, those of its fragments included. */
  fields: number;
  depth: number;
  points: number;
}
type Variables = Readonly<Record<string, unknown>>;

const callPoints = 10;
/** The schema is large, and the same for everybody: who reads it, reads it once. */
const introspection: Readonly<Record<string, { points: number; type: string } | undefined>> = {
  __schema: { points: 4_000, type: "__Schema" },
  __type: { points: 200, type: "__Type" },
};

const nothing: Size = { fields: 0, depth: 0, points: 0 };

const together = (sizes: readonly Size[]): Size => ({
  fields: sizes.reduce((sum, { fields }) => sum + fields, 0),
  depth: Math.max(0, ...sizes.map(({ depth }) => depth)),
  points: sizes.reduce((sum, { points }) => sum + points, 0),
});

/** Fields that the schema does not have cost something too: what is wrong with them is found later. */
class Measure {
  readonly #schema: GraphQLSchema;
  readonly #variables: Variables;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** A fragment is measured once, however often it is spread; undefined while it is being measured. */
  readonly #measured = new Map<string, Size | undefined>();

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema;
    this.#variables = variables;
    const fragments = document.definitions.filter((definition) => definition.kind === "FragmentDefinition");
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  of({ selections }: SelectionSetNode, parent: GraphQLNamedType | undefined): Size {
    return together(selections.map((selection) => this.#selection(selection, parent)));
  }

  #selection(selection: SelectionNode, parent: GraphQLNamedType | undefined): Size {
    if (selection.kind === "Field") return this.#field(selection, parent);
    if (selection.kind === "FragmentSpread") return this.#fragment(selection.name.value);
    const { typeCondition, selectionSet } = selection;
    return this.of(selectionSet, typeCondition ? this.#schema.getType(typeCondition.name.value) : parent);
  }

  #fragment(name: string): Size {
    const fragment = this.#fragments.get(name);
    // One that is within itself is refused by validation.
    if (!fragment || this.#measured.has(name)) return this.#measured.get(name) ?? nothing;
    this.#measured.set(name, undefined);
    const size = this.of(fragment.selectionSet, this.#schema.getType(fragment.typeCondition.name.value));
    this.#measured.set(name, size);
    return size;
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Size {
    if (node.alias && parent?.name.startsWith("__")) throw aliasedDescription();
    const description = introspection[node.name.value];
    if (description !== undefined) return this.#description(node, description);
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    const note = field?.extensions.slip as FieldNote | undefined;
    const inside = node.selectionSet ? this.of(node.selectionSet, field && getNamedType(field.type)) : nothing;
    const times = field && note?.isList ? this.#first(node, field) : 1;
    return { fields: 1, depth: inside.depth + 1, points: 1 + (note ? callPoints : 0) + inside.points * times };
  }

  /** It costs the same whatever is asked of it: asked once each, its fields are no more than the schema has. */
  #description({ selectionSet }: FieldNode, { points, type }: { points: number; type: string }): Size {
    if (selectionSet) this.of(selectionSet, this.#schema.getType(type));
    return { fields: 1, depth: 1, points };
  }

  /** How many edges a list may have. What cannot be known yet is taken for the most there can be. */
  #first(node: FieldNode, field: GraphQLField<unknown, unknown>): number {
    const argument = node.arguments?.find(({ name }) => name.value === "first")?.value;
    const isLeftOut = argument === undefined || argument.kind === "NullValue";
    if (isLeftOut) return field.args.some(({ name }) => name === "first") ? limit("graphqlPage") : 1;
    const value = argument.kind === "Variable" ? this.#variables[argument.name.value] : argument.kind === "IntValue" ? Number(argument.value) : undefined;
    const isCount = typeof value === "number" && value >= 0 && value <= limit("graphqlPageMax");
    return isCount ? value : limit("graphqlPageMax");
  }
}

const tooLarge = (message: string, next: string): SlipError => new SlipError("too_large", message, { next });
/** Its lists are within lists: each under many names, they would be given a million times. */
const aliasedDescription = (): SlipError =>
  tooLarge("The schema is asked to describe itself under other names.", "Leave the aliases within __schema and __type out.");

/** Throws `too_large` for a query beyond a limit. Gives what it may cost. */
export const requireBounded = (parts: { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode; variables: Variables }): Size => {
  const { schema, document, operation, variables } = parts;
  const measure = new Measure(schema, document, variables);
  const size = measure.of(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
  if (size.depth > limit("graphqlDepth"))
    throw tooLarge(`The query is ${size.depth} levels deep, and may be ${limit("graphqlDepth")}.`, "Ask for what lies deeper in a query of its own.");
  if (size.points > limit("graphqlCost"))
    throw tooLarge(
      `The query may cost ${size.points} points, and ${limit("graphqlCost")} are allowed.`,
      "Ask for fewer edges with 'first', or in several queries.",
    );
  if (operation.operation === "mutation" && size.fields > limit("graphqlMutations"))
    throw tooLarge(`The request holds ${size.fields} mutations, and may hold ${limit("graphqlMutations")}.`, "Ask for the others in a request of their own.");
  return size;
};
