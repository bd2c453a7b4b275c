// The operations as GraphQL has them: fields of the three roots, and links within what those answer.
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from "graphql";
import { camel } from "../../../control/api/graphql/names.ts";
import { type FieldNote, graphqlSchema } from "../../../control/api/graphql/schema.ts";
import type { Door, Outgoing, Way } from "../doors.ts";

type Field = GraphQLField<unknown, unknown>;
type Values = Record<string, unknown>;

const noteOf = ({ extensions }: Field): FieldNote | undefined => extensions.slip as FieldNote | undefined;
const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields());

/** What a link asks for of a list, so that the whole stays small. */
const few = ({ args }: Field): string => (args.some(({ name }) => name === "first") ? "(first: 3)" : "");

const depth = 7;

/** All that a type says, of itself and, with `links`, of what it links to. In a union fields of the same name may be of several types. */
const selection = (output: GraphQLOutputType, of: { left: number; links: boolean; alias?: string }): string => {
  const type = getNamedType(output);
  if (isLeafType(type)) return "";
  if (isUnionType(type))
    return `{ __typename ${type
      .getTypes()
      .map((each) => `... on ${each.name} ${selection(each, { ...of, alias: `${each.name}_` })}`)
      .join(" ")} }`;
  if (!isObjectType(type) || of.left === 0) return "{ __typename }";
  const { alias = "" } = of;
  const parts = fieldsOf(type).flatMap((field) => {
    const isLink = noteOf(field) !== undefined;
    if ((isLink && !of.links) || field.args.some(isRequiredArgument)) return [];
    return `${alias === "" ? "" : `${alias}${field.name}: `}${field.name}${few(field)} ${selection(field.type, { left: of.left - 1, links: of.links && !isLink })}`;
  });
  return `{ __typename ${parts.join(" ")} }`;
};

/** A value of the contract as GraphQL takes it: choices by their name, a union as the one field that says which it is. */
const wire = (type: GraphQLInputType, value: unknown): unknown => {
  if (isNonNullType(type)) return wire(type.ofType, value);
  if (isListType(type)) return (value as unknown[]).map((item) => wire(type.ofType, item));
  if (isEnumType(type)) return type.getValues().find((each) => each.value === value)?.name;
  if (!isInputObjectType(type)) return value;
  const [fields, given] = [type.getFields(), value as Values];
  const chosen = type.isOneOf ? Object.values(given).find((each) => typeof each === "string" && camel(each) in fields) : undefined;
  const held = chosen === undefined ? given : { [camel(chosen as string)]: given };
  return Object.fromEntries(Object.entries(fields).flatMap(([key, field]) => (held[key] === undefined ? [] : [[key, wire(field.type, held[key])]])));
};

const post = (body: Values, accept = "application/json"): Outgoing => ({
  method: "POST",
  path: "/graphql",
  headers: { "content-type": "application/json", accept },
  body: Buffer.from(JSON.stringify(body)),
});

/** The arguments that are there, as variables of their types. */
const asked = (root: string, field: Field, given: Values, links: boolean): { query: string; variables: Values } => {
  const args = field.args.filter(({ name }) => given[name] !== undefined);
  const [declared, passed] = [args.map(({ name, type }) => `$${name}: ${String(type)}`), args.map(({ name }) => `${name}: $${name}`)];
  const inParens = (parts: string[]): string => (parts.length === 0 ? "" : `(${parts.join(", ")})`);
  const fields = selection(field.type, { left: depth, links });
  return {
    query: `${root} Asked${inParens(declared)} { ${field.name}${inParens(passed)} ${fields} }`,
    variables: Object.fromEntries(args.map(({ name, type }) => [name, wire(type, given[name])])),
  };
};

const wayTo = (root: string, field: Field, of: { does: OperationName; links?: boolean }): Way => {
  const { does, links = false } = of;
  const isChange = root === "mutation";
  return {
    name: links ? `${does} with its links` : does,
    does: [does],
    request: (input, bytes) =>
      post(
        asked(root, field, links ? { ...input, first: 3 } : isChange ? { input, content: bytes?.toString("base64") } : input, links),
        root === "subscription" ? "text/event-stream" : undefined,
      ),
  };
};

const besides = (): Way[] => [
  { name: "__typename", does: [], request: () => post({ query: "{ __typename }" }) },
  { name: "__schema", does: [], request: () => post({ query: "{ __schema { queryType { name } } }" }) },
  { name: "GET", does: [], request: () => ({ method: "GET", path: "/graphql?query=%7B__typename%7D", headers: { accept: "application/json" } }) },
];

/** What has an id is found by that too, with the operation that shows it: by which key, and of which type it is. */
const nodes: readonly { does: OperationName; key: string; type?: string }[] = [
  { does: "apps.get", key: "app", type: "App" },
  { does: "deployments.get", key: "deployment", type: "Deployment" },
  { does: "plans.get", key: "plan", type: "Plan" },
  { does: "journal.get", key: "entry" },
];

/** As the server makes them: an entry of the journal calls its own key so. */
const idOf = (type: string | undefined, key: unknown): string =>
  type === undefined ? String(key) : Buffer.from(JSON.stringify([type, key])).toString("base64url");

const wayToNode = (types: readonly GraphQLObjectType[], { does, key, type }: (typeof nodes)[number]): Way => {
  const shown = types
    .filter((each) => each.getInterfaces().some(({ name }) => name === "Node"))
    .map((each) => `... on ${each.name} ${selection(each, { left: depth, links: false, alias: `${each.name}_` })}`);
  const query = `query Asked($id: ID!) { node(id: $id) { __typename ${shown.join(" ")} } }`;
  return { name: `${does} as a node`, does: [does], request: (input) => post({ query, variables: { id: idOf(type, input[key]) } }) };
};

interface Told {
  data?: { node?: unknown } | null;
  errors?: { message: string; extensions: { code: string; next?: string } }[];
}

const codeOf = (text: string): string | undefined => {
  const json = text.startsWith("{") ? text : /^data: (\{.*)$/m.exec(text)?.[1];
  const { errors = [], data }: Told = json === undefined ? {} : (JSON.parse(json) as Told);
  const [error] = errors;
  if (error?.extensions.next?.startsWith("Correct the request by the schema")) throw new Error(`The question does not fit the schema: ${error.message}`);
  return error === undefined && data?.node === null ? "not_found" : error?.extensions.code;
};

/** Lists whose items link to most of what there is. */
const linked: readonly OperationName[] = ["apps.list", "journal.list", "plans.list", "deployments.list"];

export const graphqlDoor = (): Door => {
  const schema = graphqlSchema();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((root) => root != null);
  const fields = roots.flatMap((root) => fieldsOf(root).map((field) => ({ root: root.name.toLowerCase(), field })));
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const found = (name: OperationName) => fields.filter(({ field }) => noteOf(field)?.operation === name);
  const names = Object.keys(operations) as OperationName[];
  return {
    name: "GraphQL",
    resource: "",
    ways: [
      ...names.flatMap((does) => found(does).map(({ root, field }) => wayTo(root, field, { does }))),
      ...linked.flatMap((does) => found(does).map(({ root, field }) => wayTo(root, field, { does, links: true }))),
      ...nodes.map((node) => wayToNode(types, node)),
    ],
    besides: besides(),
    lacks: {},
    reaches: () => types.flatMap(fieldsOf).flatMap((field) => noteOf(field)?.operation ?? []),
    codeOf,
    isEnough: (type, text) => type.startsWith("text/event-stream") && /^data:.*\n/m.test(text),
  };
};
