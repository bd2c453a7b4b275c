// docs/reference/rest.md, made from the registry. Pure.
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";

const rows = (Object.values(operations) as Operation[]).map(
  ({ name, method, path, permission, effect }) => `| \`${method} ${path}\` | [\`${name}\`](operations.md) | ${permission} | ${effect} |`,
);

export const restPage = (made: string): string =>
  [
    "# REST",
    "",
    made,
    "",
    "The operations as HTTP requests, at `https://slip.localhost:8443` (the address that `slip status` shows). [operations](operations.md) has",
    "the fields of each; `GET /openapi.json` is the same for programs (OpenAPI 3.1).",
    "",
    "```sh",
    'curl -s --cacert <(slip trust --pem) -H "authorization: Bearer $SLIP_TOKEN" https://slip.localhost:8443/v1/apps',
    "```",
    "",
    "## How it is asked",
    "",
    "- **Token.** `Authorization: Bearer TOKEN`.",
    "- **Fields** in the path are part of the address; the others are the query of a GET or DELETE, else the JSON body.",
    "- **Answers** are JSON. `deployments.watch` and `logs.read` answer line by line (`application/x-ndjson`), as it happens.",
    '- **Errors** are `{"error": {code, message, next, …}}` under the HTTP status of their code; see [errors](errors.md).',
    "- **Idempotency.** Send an `Idempotency-Key` with what is not a GET: asked again with the same key, the platform answers the same and",
    "  does nothing twice; another request with it is `idempotency_mismatch`.",
    "- **Request id.** Every answer has an `x-request-id`, which the journal and the platform's log have too.",
    "",
    "## Rate limits",
    "",
    "They hold for all doors together, and ordinary use does not meet them.",
    "",
    `- **A token** has ${limit("ratePoints").toLocaleString("en-US")} points and gets ${limit("ratePointsPerSecond")} back each second. An operation costs one, the content of a file 0.05, and each`,
    `  ${limit("rateBytesPerPoint") / 2 ** 20} MiB of a body one more. A GraphQL request costs what its operations do.`,
    `- **An address** may come ${limit("signInFailures").toLocaleString("en-US")} times with a wrong token or none, which is forgotten within ${limit("signInFailuresMs") / 60_000} minutes. A token that is known good goes on working there.`,
    "",
    'Answers say how much is left, in the fields of the IETF draft: `RateLimit-Policy: "token";q=10000;w=50` is the quota and the seconds in',
    'which all of it comes back, `RateLimit: "token";r=9998;t=1` what is left and when all of it is there again. Beyond it the answer is 429,',
    "`rate_limited`, and `Retry-After` says in how many seconds to ask again.",
    "",
    "## Paths",
    "",
    "| Request | Operation | Needs | Effect |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
