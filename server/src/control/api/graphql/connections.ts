// Lists as Relay has them: edges with cursors, and what comes after. A cursor names the item that it stands at, nothing else.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import { type GraphQLArgumentConfig, GraphQLBoolean, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLString } from "graphql";
import { z } from "zod";
import type { Ask } from "./ask.ts";
import { type Names, pascal, singular } from "./names.ts";
import type { OutputTypes } from "./output-types.ts";
import { fieldsOf, type Schema, shapeOf } from "./shape.ts";

/** A list operation: what it lists, and by which field its items are told apart. */
export interface List {
  name: OperationName;
  /** The field of the output that is the list. */
  field: string;
  item: Schema;
  /** What an item is called that the contract does not name. */
  noun: string;
  /** The first field of an item names it. */
  key: string;
  /** It takes `before`, the key of an item, and answers with what comes after that item in its own order. */
  pages: boolean;
  /** The largest `limit` that it takes, where it takes one. */
  most: number | undefined;
}

const most = (limit: Schema | undefined): number | undefined =>
  limit && (z.toJSONSchema(limit as z.ZodType, { io: "input", unrepresentable: "any" }) as { maximum?: number }).maximum;

/** Undefined for an operation that is no list of objects. */
export const listOf = (name: OperationName, operation: Operation): List | undefined => {
  if (operation.effect !== "read" || operation.answer !== "json") return undefined;
  const [found, ...more] = Object.entries(fieldsOf(operation.output) ?? {});
  if (!found || more.length > 0) return undefined;
  const { def } = shapeOf(found[1], "output").schema._zod;
  const item = def.type === "array" ? shapeOf(def.element, "output").schema : undefined;
  const key = Object.keys((item && fieldsOf(item)) ?? {})[0];
  if (!item || key === undefined) return undefined;
  const { before, limit: size } = operation.input.shape as Record<string, Schema>;
  const noun = pascal(singular(name.endsWith(".list") ? name.slice(0, -".list".length) : name));
  return { name, field: found[0], item, noun, key, pages: before !== undefined && size !== undefined, most: most(size) };
};

/** Fields of an input that are the connection's own to say. */
export const pagingFields: ReadonlySet<string> = new Set(["limit", "before"]);

export const pagingArguments = (): Record<string, GraphQLArgumentConfig> => ({
  first: { type: GraphQLInt, default: { value: limit("graphqlPage") }, description: `How many, at most ${limit("graphqlPageMax")}.` },
  after: { type: GraphQLString, description: "The cursor of the last edge that is there already." },
});

export interface Paging {
  first?: number | null;
  after?: string | null;
}

const badCursor = (message: string): SlipError =>
  new SlipError("invalid_input", message, { next: "Take 'after' from a cursor of this list, or leave it out." });

const cursorOf = ({ name }: List, key: unknown): string => Buffer.from(JSON.stringify([name, key])).toString("base64url");

/** The key that a cursor of this list names. Throws `invalid_input` for any other text. */
const keyAt = ({ name }: List, cursor: string): string | number => {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw badCursor("The cursor is none that a list gave.");
  }
  const [of, key] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (of !== name || (typeof key !== "string" && typeof key !== "number")) throw badCursor("The cursor is not one of this list.");
  return key;
};

const sizeOf = ({ first }: Paging): number => {
  const size = first ?? limit("graphqlPage");
  if (size < 0 || size > limit("graphqlPageMax")) throw new SlipError("invalid_input", `first: 0 to ${limit("graphqlPageMax")}.`);
  return size;
};

type Item = Record<string, unknown>;

interface Page {
  items: Item[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** One more than asked for says whether there are more. */
const nextPage = async (list: List, ask: Ask, input: Item, paging: Paging): Promise<Page> => {
  const size = sizeOf(paging);
  const before = paging.after == null ? {} : { before: keyAt(list, paging.after) };
  const found = await listed(list, ask, { ...input, ...before, limit: size + 1 });
  return { items: found.slice(0, size), hasNextPage: found.length > size, hasPreviousPage: paging.after != null };
};

const listed = async (list: List, ask: Ask, input: Item): Promise<Item[]> => ((await ask.read(list.name, input)) as Record<string, Item[]>)[list.field] ?? [];

/**
 * The operation gives the whole list, or as much as it ever gives. The item of a cursor may have gone meanwhile: then where to go on is
 * not known, and is not guessed.
 */
const pageOfWhole = async (list: List, ask: Ask, input: Item, paging: Paging): Promise<Page> => {
  const size = sizeOf(paging);
  const key = paging.after == null ? undefined : keyAt(list, paging.after);
  const all = await listed(list, ask, list.most === undefined ? input : { ...input, limit: list.most });
  const at = key === undefined ? -1 : all.findIndex((item) => item[list.key] === key);
  if (key !== undefined && at < 0) throw badCursor("What the cursor stands at is not in the list any more.");
  const isCut = list.most !== undefined && all.length >= list.most;
  if (isCut && at === all.length - 1) throw badCursor(`This list is not given beyond its first ${all.length}.`);
  const items = all.slice(at + 1, at + 1 + size);
  return { items, hasNextPage: isCut || at + 1 + size < all.length, hasPreviousPage: at >= 0 };
};

export const connect = async (list: List, ask: Ask, input: Item, paging: Paging): Promise<unknown> => {
  const { items, hasNextPage, hasPreviousPage } = await (list.pages ? nextPage : pageOfWhole)(list, ask, input, paging);
  const edges = items.map((node) => ({ node, cursor: cursorOf(list, node[list.key]) }));
  const pageInfo = { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor, endCursor: edges.at(-1)?.cursor };
  return { edges, pageInfo };
};

const pageInfoType = new GraphQLObjectType({
  name: "PageInfo",
  description: "Where a page of a list begins and ends, and whether there is more.",
  fields: {
    hasNextPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    hasPreviousPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    startCursor: { type: GraphQLString },
    endCursor: { type: GraphQLString },
  },
});

export class Connections {
  readonly #outputs: OutputTypes;
  readonly #names: Names;
  readonly #made = new Map<string, GraphQLObjectType<unknown, Ask>>();

  constructor(parts: { outputs: OutputTypes; names: Names }) {
    this.#outputs = parts.outputs;
    this.#names = parts.names;
  }

  of(list: List): GraphQLObjectType<unknown, Ask> {
    const noun = this.#names.of(list.item) ?? list.noun;
    const name = this.#names.take(`${noun}Connection`, list.item);
    const made = this.#made.get(name) ?? this.#make(list, noun);
    this.#made.set(name, made);
    return made;
  }

  #make(list: List, noun: string): GraphQLObjectType<unknown, Ask> {
    const edge = new GraphQLObjectType<unknown, Ask>({
      name: `${noun}Edge`,
      fields: () => ({
        node: { type: new GraphQLNonNull(this.#outputs.nullable(list.item, noun)) },
        cursor: { type: new GraphQLNonNull(GraphQLString) },
      }),
    });
    return new GraphQLObjectType<unknown, Ask>({
      name: `${noun}Connection`,
      fields: {
        edges: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(edge))) },
        pageInfo: { type: new GraphQLNonNull(pageInfoType) },
      },
    });
  }
}
