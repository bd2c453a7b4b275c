// The GraphQL schema, made from the registry: a read is a query, a change a mutation, what answers line by line a subscription.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { type GraphQLFieldConfigArgumentMap, GraphQLID, GraphQLNonNull, GraphQLObjectType, type GraphQLResolveInfo, GraphQLSchema } from "graphql";
import type { Ask } from "./ask.ts";
import { Connections, connect, type List, listOf, type Paging, pagingArguments, pagingFields } from "./connections.ts";
import { Enums } from "./enums.ts";
import { InputTypes, inputOf } from "./input-types.ts";
import { linksToOne, type Noun, nounOf, nounsIn, takes } from "./links.ts";
import { camel, Names, pascal, singular } from "./names.ts";
import { Nodes } from "./nodes.ts";
import { type Field, type Fields, OutputTypes } from "./output-types.ts";
import { Base64 } from "./scalars.ts";
import { type Schema, shapeOf } from "./shape.ts";

type Registry = Readonly<Record<string, Operation>>;
type Arguments = Record<string, unknown>;

/** What a field of the schema does, for the cost of a query: `list` is what its `first` multiplies. Which operation `node` does, its id says. */
export interface FieldNote {
  operation?: OperationName;
  isList: boolean;
}
const noted = (operation: OperationName, isList = false): { extensions: Record<string, FieldNote> } => ({ extensions: { slip: { operation, isList } } });

const nounPart = (name: string): string => name.slice(0, name.lastIndexOf("."));

/** "apps.list" lists `apps`, "apps.get" shows an `app`; all else is called what the registry calls it. */
const queryName = (name: string, registry: Registry): string => {
  const noun = nounPart(name);
  if (name.endsWith(".list")) return camel(noun);
  const isListed = `${noun}.list` in registry && singular(noun) === noun;
  return name.endsWith(".get") && !isListed ? camel(singular(noun)) : camel(name);
};

/** What is named but is not there any more is null: the app of an old journal entry. */
const absent = (error: unknown): null => {
  if (error instanceof SlipError && error.code === "not_found") return null;
  throw error;
};

class SchemaMaker {
  readonly #registry: Registry;
  readonly #nouns: readonly Noun[];
  readonly #inputs: InputTypes;
  readonly #outputs: OutputTypes;
  readonly #connections: Connections;
  readonly #nodes: Nodes;

  constructor(registry: Registry) {
    const names = new Names();
    const enums = new Enums(names);
    this.#registry = registry;
    this.#nouns = nounsIn(registry);
    this.#inputs = new InputTypes({ names, enums });
    this.#outputs = new OutputTypes({ names, enums, linking: (object) => this.#linking(object) });
    this.#connections = new Connections({ outputs: this.#outputs, names });
    this.#nodes = new Nodes({ registry, names });
    for (const [name, operation] of this.#entries()) this.#learn(names, name, operation);
  }

  #entries(): [OperationName, Operation][] {
    return Object.entries(this.#registry) as [OperationName, Operation][];
  }

  /** What "approvals.get" shows and "approvals.list" lists is an Approval. */
  #learn(names: Names, name: OperationName, operation: Operation): void {
    const shown = name.endsWith(".get") ? shapeOf(operation.output, "output").schema : undefined;
    const item = name.endsWith(".list") ? listOf(name, operation)?.item : shown;
    if (item) names.learn(item, pascal(singular(nounPart(name))));
  }

  make(): GraphQLSchema {
    return new GraphQLSchema({
      query: this.#root("Query", ({ effect, answer }) => effect === "read" && answer === "json", this.#nodes.isEmpty ? {} : { node: this.#node() }),
      mutation: this.#root("Mutation", ({ effect, answer }) => effect !== "read" && answer === "json"),
      subscription: this.#root("Subscription", ({ answer }) => answer === "lines"),
    });
  }

  #root(name: string, holds: (operation: Operation) => boolean, besides: Fields = {}): GraphQLObjectType<unknown, Ask> | null {
    const held = this.#entries().filter(([, operation]) => holds(operation));
    if (held.length === 0) return null;
    const fields = (): Fields => ({ ...Object.fromEntries(held.map(([each, operation]) => this.#field(each, operation))), ...besides });
    return new GraphQLObjectType<unknown, Ask>({ name, fields });
  }

  #node(): Field {
    const extensions: { slip: FieldNote } = { slip: { isList: false } };
    return {
      description: "Find again what has this id, by the operation that shows or lists it. Null where there is no such thing for who asks.",
      type: this.#nodes.interface,
      args: { id: { type: new GraphQLNonNull(GraphQLID) } },
      extensions: { ...extensions },
      resolve: (_: unknown, { id }: Arguments, ask: Ask) => this.#nodes.find(ask, String(id)),
    };
  }

  #field(name: OperationName, operation: Operation): [string, Field] {
    if (operation.answer === "lines") return [camel(name), this.#subscription(name, operation)];
    if (operation.effect !== "read") return [camel(name), this.#mutation(name, operation)];
    const list = listOf(name, operation);
    return [queryName(name, this.#registry), list ? this.#list(list, operation, {}) : this.#query(name, operation)];
  }

  #query(name: OperationName, operation: Operation): Field {
    const resolve = (_: unknown, args: Arguments, ask: Ask): Promise<unknown> => ask.read(name, inputOf(operation.input, args) as Arguments);
    return { ...this.#describe(operation), ...noted(name), type: this.#result(name, operation), args: this.#arguments(name, operation), resolve };
  }

  /** `given` is what the object that the list belongs to says already. */
  #list(list: List, operation: Operation, given: Readonly<Record<string, string>>): Field {
    const { [Object.keys(given)[0] ?? ""]: _, ...own } = this.#arguments(list.name, operation, pagingFields);
    const resolve = (source: unknown, { first, after, ...args }: Paging & Arguments, ask: Ask): Promise<unknown> => {
      const known = Object.fromEntries(Object.entries(given).map(([key, field]) => [key, (source as Arguments)[field]]));
      const paging = { ...(first === undefined ? {} : { first }), ...(after === undefined ? {} : { after }) };
      return connect(list, ask, { ...(inputOf(operation.input, args) as Arguments), ...known }, paging);
    };
    return { ...this.#describe(operation), ...noted(list.name, true), type: this.#connections.of(list), args: { ...own, ...pagingArguments() }, resolve };
  }

  #mutation(name: OperationName, operation: Operation): Field {
    const input = { ...this.#inputArgument(name, operation), ...(operation.body === "bytes" ? { content: { type: new GraphQLNonNull(Base64) } } : {}) };
    const resolve = (_: unknown, args: Arguments, ask: Ask, { path }: GraphQLResolveInfo): Promise<unknown> =>
      ask.change(name, inputOf(operation.input, args.input ?? {}) as Arguments, String(path.key), args.content as Buffer | undefined);
    return { ...this.#describe(operation), ...noted(name), type: this.#result(name, operation), args: input, resolve };
  }

  #subscription(name: OperationName, operation: Operation): Field {
    const subscribe = (_: unknown, args: Arguments, ask: Ask): Promise<AsyncIterable<unknown>> => ask.lines(name, inputOf(operation.input, args) as Arguments);
    const args = this.#arguments(name, operation);
    return { ...this.#describe(operation), ...noted(name), type: this.#result(name, operation), args, subscribe, resolve: (line) => line };
  }

  /** One `input` for what changes something, as is usual; none for what takes nothing. */
  #inputArgument(name: OperationName, { input }: Operation): GraphQLFieldConfigArgumentMap {
    const fields = Object.values(input.shape);
    if (fields.length === 0) return {};
    const type = this.#inputs.object(input, pascal(name));
    const isOptional = input.safeParse({}).success;
    return { input: { type: isOptional ? type : new GraphQLNonNull(type) } };
  }

  #arguments(name: OperationName, { input }: Operation, without: ReadonlySet<string> = new Set()): GraphQLFieldConfigArgumentMap {
    const fields = Object.entries(input.shape as Record<string, Schema>).filter(([key]) => !without.has(key));
    return Object.fromEntries(fields.map(([key, schema]) => [key, this.#inputs.field(schema, pascal(name) + pascal(key))]));
  }

  #result(name: OperationName, { output }: Operation): ReturnType<OutputTypes["nullable"]> {
    return this.#outputs.nullable(output, `${pascal(name)}Result`);
  }

  #describe({ summary, permission, effect, errors }: Operation): { description: string } {
    const needs = `Needs \`${permission}\`; effect \`${effect}\`.`;
    return { description: [summary, [needs, errors.length === 0 ? "" : `Errors: ${errors.join(", ")}.`].join(" ").trim()].join("\n") };
  }

  #linking(object: Schema): ReturnType<ConstructorParameters<typeof OutputTypes>[0]["linking"]> {
    const ones = linksToOne(object, this.#nouns);
    const noun = nounOf(object, this.#nouns);
    const { interfaces = [], fields = {} } = this.#nodes.of(object) ?? {};
    const links = (): Fields => ({
      ...fields,
      ...Object.fromEntries(ones.map(({ field, link, noun: to }) => [link, this.#toOne(field, to)])),
      ...(noun ? this.#toLists(noun) : {}),
    });
    return { links, interfaces, renamed: new Map(ones.map(({ field, renamed }) => [field, renamed])) };
  }

  #toOne(field: string, { get, key }: Noun): Field {
    const operation = this.#registry[get] as Operation;
    const resolve = (source: unknown, _: Arguments, ask: Ask): Promise<unknown> | null => {
      const value = (source as Arguments)[field];
      return value === undefined || value === null ? null : ask.read(get, { [key]: value }).catch(absent);
    };
    return { ...this.#describe(operation), ...noted(get), type: this.#result(get, operation), resolve };
  }

  #toLists(noun: Noun): Fields {
    const own = (noun.object as { shape?: Record<string, unknown> }).shape ?? {};
    return Object.fromEntries(
      this.#entries().flatMap(([name, operation]) => {
        const list = listOf(name, operation);
        const field = name.endsWith(".list") ? queryName(name, this.#registry) : camel(name.slice(nounPart(name).length));
        return list && takes(operation, noun) && !(field in own) ? [[field, this.#list(list, operation, { [noun.key]: noun.key })]] : [];
      }),
    );
  }
}

/** Throws when the registry has two things that would be called the same. */
export const graphqlSchema = (registry: Registry = operations): GraphQLSchema => new SchemaMaker(registry).make();
