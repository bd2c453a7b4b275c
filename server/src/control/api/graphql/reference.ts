// docs/reference/graphql.md, made from the schema. Pure.
import { limit } from "@slipstream/contract/limits.ts";
import { printSchema } from "graphql";
import { graphqlSchema } from "./schema.ts";

const example = `query {
  apps(first: 10) {
    edges {
      node {
        app
        url
        deployments(first: 1) { edges { node { state failure { code summary nextActions } } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const deploy = `mutation ($input: DeploymentsCreateInput!) {
  deploymentsCreate(input: $input) { deployment state }
}`;

export const graphqlPage = (made: string): string =>
  [
    "# GraphQL",
    "",
    made,
    "",
    "The operations at `https://slip.localhost:8443/graphql` (the address that `slip status` shows), for clients that want to choose",
    "their fields and to follow links. It is made from the same [operations](operations.md) as every other door, with the same token,",
    "permissions and errors.",
    "",
    "```sh",
    'curl -s --cacert <(slip trust --pem) -H "authorization: Bearer $SLIP_TOKEN" -H "content-type: application/json" \\',
    '  -d \'{"query": "{ apps { edges { node { app url } } } }"}\' https://slip.localhost:8443/graphql',
    "```",
    "",
    "## How it is asked",
    "",
    "- **Protocol.** GraphQL over HTTP: POST with `content-type: application/json`; a query may be a GET too, a mutation may not. Ask for",
    "  `accept: application/graphql-response+json` to get the status of what is wrong with a request; `application/json` answers it with 200.",
    "- **Names.** A read is a query: `apps.list` is `apps`, `apps.get` is `app`. What changes something is a mutation with one `input`:",
    "  `deployments.create` is `deploymentsCreate`. Choices are in capitals: `release-command` is `RELEASE_COMMAND`.",
    "- **Lists** are connections as Relay has them: `edges { node cursor }` and `pageInfo`, with `first` (" +
      `${limit("graphqlPage")}, at most ${limit("graphqlPageMax")}) and \`after\`. A cursor names the item`,
    "  that it stands at; where that item has gone, `invalid_input` says so, and nothing is left out silently.",
    "- **Links.** `App.deployments`, `Deployment.app` and the like ask the operation behind them for the same caller. The key stands beside",
    "  the link: `appName`, `deploymentId`. What is not there any more is null.",
    "- **Ids.** What is a `Node` has an `id`, for `node(id:)` alone: an app, a deployment, and all else that its key names without saying what it",
    "  is of. `node` asks the operation that shows or lists it for the same caller; what is not there, or not theirs, is null.",
    "- **Errors** have `extensions` with `code` (see [errors](errors.md)), `next`, `requestId`, and `file`, `line`, `evidence` where there are any.",
    "- **Idempotency.** The field `idempotency-key` of the request. One mutation has the key itself, the same as through REST; several",
    "  in one request have each a key made of it and of the name under which they are answered.",
    "- **Subscriptions** come as server-sent events (GraphQL over SSE, distinct connections): POST with `accept: text/event-stream`.",
    "- **Limits.** " +
      `${limit("graphqlDepth")} levels, ${limit("graphqlCost").toLocaleString("en-US")} points (1 for a field, 10 more for an operation, times \`first\` within a list), ${limit("graphqlMutations")}`,
    `  mutations and ${limit("graphqlTokens").toLocaleString("en-US")} words and signs a request; \`too_large\` says which. There are no persisted queries, and no batches: aliases ask for several things at once.`,
    "  Each operation counts for the token's rate limit as it does through [REST](rest.md).",
    "",
    "```graphql",
    example,
    "```",
    "",
    "```graphql",
    deploy,
    "```",
    "",
    'with `{ "input": { "app": "shop", "source": { "git": { "url": "https://example.org/shop.git" } } } }` as variables.',
    "",
    "## Schema",
    "",
    "```graphql",
    printSchema(graphqlSchema()),
    "```",
    "",
  ].join("\n");
