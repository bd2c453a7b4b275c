// Relay's node(id): what an id names is found again by the operation that shows or lists it, for the same caller, and by nothing else.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import { GraphQLID, GraphQLInterfaceType, GraphQLNonNull } from "graphql";
import type { z } from "zod";
import type { Ask } from "./ask.ts";
import { type List, listOf } from "./connections.ts";
import { origin } from "./links.ts";
import type { Names } from "./names.ts";
import type { Field } from "./output-types.ts";
import { fieldsOf, type Schema } from "./shape.ts";

type Item = Record<string, unknown>;

/** A kind of thing that its key alone names, within the caller's tenant. */
export interface NodeKind {
  list: List;
  /** The operation that shows one by its key, and what it calls that; without one it is looked for in the whole list. */
  get?: { name: OperationName; key: string; input: z.ZodObject };
}

/** What an app or a webhook has is named only together with that, and is no node. */
const kindOf = (name: OperationName, registry: Readonly<Record<string, Operation>>): NodeKind | undefined => {
  const operation = registry[name] as Operation;
  const list = name.endsWith(".list") ? listOf(name, operation) : undefined;
  if (!list || ("id" in (fieldsOf(list.item) ?? {}) && list.key !== "id")) return undefined;
  const get = name.replace(/list$/, "get") as OperationName;
  const { input } = registry[get] ?? {};
  const [key, ...more] = Object.keys(input?.shape ?? {});
  if (input && key !== undefined && more.length === 0) return { list, get: { name: get, key, input } };
  return operation.input.safeParse({}).success && !list.pages && list.most === undefined ? { list } : undefined;
};

const nodeKindsIn = (registry: Readonly<Record<string, Operation>>): NodeKind[] =>
  (Object.keys(registry) as OperationName[]).flatMap((name) => kindOf(name, registry) ?? []);

/** Which type a value has that was found by its id. */
const typeOf = Symbol("type of a node");

/** Null for what is not there, for this caller: of what others have nothing is said. */
const foundBy = async ({ list, get }: NodeKind, ask: Ask, key: string): Promise<Item | null> => {
  if (!get) return (((await ask.read(list.name, {})) as Record<string, Item[]>)[list.field] ?? []).find((item) => item[list.key] === key) ?? null;
  const input = get.input.safeParse({ [get.key]: key });
  if (!input.success) return null;
  try {
    return (await ask.read(get.name, input.data)) as Item;
  } catch (error) {
    if (error instanceof SlipError && error.code === "not_found") return null;
    throw error;
  }
};

const partsOf = (id: string): [type: string, key: string] | undefined => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, "base64url").toString());
    const [type, key, ...more] = Array.isArray(parts) ? (parts as unknown[]) : [];
    return typeof type === "string" && typeof key === "string" && more.length === 0 ? [type, key] : undefined;
  } catch {
    return undefined;
  }
};

export class Nodes {
  readonly interface = new GraphQLInterfaceType({
    name: "Node",
    description: "What has an id by which it is found again.",
    fields: { id: { type: new GraphQLNonNull(GraphQLID) } },
    resolveType: (value) => (value as { [typeOf]: string })[typeOf],
  });
  readonly #kinds: readonly NodeKind[];
  readonly #names: Names;

  constructor(parts: { registry: Readonly<Record<string, Operation>>; names: Names }) {
    this.#kinds = nodeKindsIn(parts.registry);
    this.#names = parts.names;
  }

  get isEmpty(): boolean {
    return this.#kinds.length === 0;
  }

  /** What a type has that is a node; undefined for all others. */
  of(object: Schema): { interfaces: GraphQLInterfaceType[]; fields: Record<string, Field> } | undefined {
    const kind = this.#kinds.find(({ list }) => origin(list.item) === origin(object));
    if (!kind) return undefined;
    const { key } = kind.list;
    // What calls its own key `id` is known everywhere by that.
    if (key === "id") return { interfaces: [this.interface], fields: {} };
    const resolve = (source: unknown): string => Buffer.from(JSON.stringify([this.#nameOf(kind), (source as Item)[key]])).toString("base64url");
    return { interfaces: [this.interface], fields: { id: { type: new GraphQLNonNull(GraphQLID), description: "For `node`; no key of its own.", resolve } } };
  }

  /** Null for an id that names nothing that there is for the caller, whatever it looks like. */
  async find(ask: Ask, id: string): Promise<Item | null> {
    const named = this.#kindBy(id);
    const found = named && (await foundBy(named.kind, ask, named.key));
    return found ? { ...found, [typeOf]: this.#nameOf(named.kind) } : null;
  }

  #nameOf({ list }: NodeKind): string {
    return this.#names.of(list.item) ?? list.noun;
  }

  #kindBy(id: string): { kind: NodeKind; key: string } | undefined {
    const own = this.#kinds.find(({ list, get }) => list.key === "id" && get?.input.safeParse({ [get.key]: id }).success);
    if (own) return { kind: own, key: id };
    const [type, key = ""] = partsOf(id) ?? [];
    const kind = this.#kinds.find((each) => each.list.key !== "id" && this.#nameOf(each) === type);
    return kind && { kind, key };
  }
}
