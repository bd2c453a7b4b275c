// docs/reference/mcp.md, made from the tools. Pure.
import { type JsonSchema, kindOf, schemaOf, table } from "@slipstream/contract/reference.ts";
import type { Tool } from "./tool.ts";
import { tools } from "./tools.ts";

type Described = JsonSchema & { description?: string; properties?: Record<string, Described> };

const kinds: Readonly<Record<Tool["kind"], string>> = { reads: "only reads", changes: "changes something", destroys: "may destroy something" };

const fields = (schema: Described): string[] => {
  const { properties = {}, required = [] } = schema;
  const rows = Object.entries(properties).map(([name, field]) => [
    `\`${name}\``,
    required.includes(name) ? "yes" : "no",
    kindOf(field),
    field.description ?? "",
  ]);
  return rows.length === 0 ? [] : [...table(["Field", "Required", "Value", "What"], rows), ""];
};

const section = (tool: Tool): string[] => {
  const { name, title, description, kind, repeatable, input, output } = tool;
  const answer = Object.keys((schemaOf(output, "output") as Described).properties ?? {}).map((field) => `\`${field}\``);
  return [
    `## \`${name}\``,
    "",
    `**${title}.** ${description.trim()}`,
    "",
    `It ${kinds[kind]}${repeatable && kind !== "reads" ? "; done twice it is done once" : ""}.`,
    "",
    ...fields(schemaOf(input, "input") as Described),
    ...(answer.length === 0 ? [] : [`Answers with ${answer.join(", ")}.`, ""]),
  ];
};

export const mcpPage = (made: string): string =>
  [
    "# MCP",
    "",
    made,
    "",
    "The tools that agents see, at `https://slip.localhost:8443/mcp` (Streamable HTTP) and with `slip mcp` (standard input and output);",
    "[the guide](../guides/agents.md) says how an agent is connected. Each tool comes to [operations](operations.md), with the same token,",
    "permissions and [errors](errors.md). An error is a result with `isError` and `{code, message, next}`.",
    "",
    ...tools.flatMap(section),
  ].join("\n");
