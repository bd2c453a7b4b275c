import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { AppName } from "@slipstream/contract/words.ts";
import { type GraphQLObjectType, type GraphQLSchema, printType, validateSchema } from "graphql";
import { z } from "zod";
import { inputOf } from "./input-types.ts";
import { type FieldNote, graphqlSchema } from "./schema.ts";

const typeIn = (schema: GraphQLSchema, name: string): GraphQLObjectType => {
  const type = schema.getType(name);
  assert.ok(type, name);
  return type as GraphQLObjectType;
};
const isDescribed = (schema: GraphQLSchema, name: string, line: RegExp): void => assert.match(printType(typeIn(schema, name)), line);

describe("the schema of the registry", () => {
  const schema = graphqlSchema();

  it("is valid, and has each operation once", () => {
    assert.deepEqual(validateSchema(schema), []);
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const notes = roots.flatMap((root) => Object.values(root?.getFields() ?? {}).flatMap((field) => (field.extensions.slip as FieldNote).operation ?? []));
    assert.equal(notes.length, Object.keys(operations).length);
    assert.deepEqual(new Set(notes), new Set(Object.keys(operations)));
  });

  it("calls things by the words of the contract, and what they choose from is an enumeration", () => {
    isDescribed(schema, "Deployment", /phase: PhaseName\n.*phases: \[Phase!\]!/s);
    isDescribed(schema, "PhaseName", /RELEASE_COMMAND/);
    isDescribed(schema, "App", /state: AppState!/);
  });

  it("leads from one noun to the other, and keeps the key beside the link", () => {
    isDescribed(schema, "App", /deploymentId: ID\n/);
    isDescribed(schema, "App", /\n {2}deployment: Deployment\n/);
    isDescribed(schema, "App", /releases\([^)]*first: Int = 50[^)]*\): ReleaseConnection/s);
    isDescribed(schema, "Deployment", /appName: String!/);
    isDescribed(schema, "Deployment", /\n {2}app: App\n/);
  });

  it("has one input for a change, and arguments for a read", () => {
    isDescribed(schema, "Mutation", /appsScale\(input: AppsScaleInput!\): App\n/);
    isDescribed(schema, "Mutation", /keysRotate: /);
    isDescribed(schema, "Mutation", /sourcesUpload\(input: SourcesUploadInput!, content: Base64!\)/);
    isDescribed(schema, "SourceOriginInput", /@oneOf \{\n {2}tree: SourceOriginTreeInput\n {2}git: SourceOriginGitInput\n/);
  });
});

describe("the schema of another registry", () => {
  const item = z.object({ knot: z.string(), size: z.int(), kind: z.enum(["reef", "half-hitch"]) });
  const knots = {
    "knots.list": operation({
      name: "knots.list",
      summary: "List the knots of an app.",
      method: "GET",
      path: "/v1/apps/{app}/knots",
      input: z.object({ app: AppName }),
      output: z.object({ knots: z.array(item) }),
      permission: "read",
      effect: "read",
      errors: [],
    }),
    "knots.tie": operation({
      name: "knots.tie",
      summary: "Tie one.",
      method: "POST",
      path: "/v1/knots",
      input: z.object({
        turns: z.int().max(9).default(2),
        kind: item.shape.kind.default("half-hitch"),
        note: z.string().nullable().optional(),
        open: z.record(z.string(), z.unknown()).optional(),
      }),
      output: z.object({}),
      permission: "deploy",
      effect: "write",
      errors: [],
    }),
    "apps.get": operations["apps.get"],
  };
  const schema = graphqlSchema(knots);

  it("has what is new in it without anybody's doing", () => {
    assert.deepEqual(validateSchema(schema), []);
    isDescribed(schema, "Knot", /knot: String!\n {2}size: SafeInt!\n {2}kind: KnotKind!/);
    isDescribed(schema, "Query", /knots\(/);
    isDescribed(schema, "App", /knots\(/);
    isDescribed(schema, "Mutation", /knotsTie\(input: KnotsTieInput\): JSON/);
    assert.equal(
      printType(schema.getType("KnotsTieInput") as GraphQLObjectType),
      "input KnotsTieInput {\n  turns: SafeInt = 2\n  kind: KnotKind = HALF_HITCH\n  note: String\n  open: JSON\n}",
    );
  });

  it("refuses two things of one name", () => {
    const phases = operation({ ...knots["knots.list"], name: "phases.list", output: z.object({ phases: z.array(item) }) });
    assert.throws(() => graphqlSchema({ ...operations, "phases.list": phases }), /would be called Phase/);
  });
});

describe("the input of an operation", () => {
  const { input } = operations["deployments.create"];

  it("is what the contract takes, out of what GraphQL gives", () => {
    const given = { app: "shop", domain: null, source: { git: { url: "https://example.org/a.git", ref: null } } };
    assert.deepEqual(inputOf(input, given), { app: "shop", source: { kind: "git", url: "https://example.org/a.git" } });
  });

  it("keeps a null that is a value", () => {
    assert.deepEqual(inputOf(z.object({ note: z.string().nullable().optional(), other: z.string().optional() }), { note: null, other: null }), { note: null });
  });
});
