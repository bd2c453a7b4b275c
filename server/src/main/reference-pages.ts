// The generated pages of docs/reference that the server makes, by file name. Those of the contract and the command line are the CLI's.
import { graphqlPage } from "../control/api/graphql/reference.ts";
import { mcpPage } from "../control/api/mcp/reference.ts";
import { restPage } from "../control/api/rest-reference.ts";

export const made = "<!-- Made by `npm run reference` from the server; change the source that it names, not this page. -->";

export const serverPages = (): Readonly<Record<string, string>> => ({
  "rest.md": restPage(made),
  "graphql.md": graphqlPage(made),
  "mcp.md": mcpPage(made),
});
