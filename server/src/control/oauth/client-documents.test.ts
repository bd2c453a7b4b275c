import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isPublicAddress } from "#platform/public-address.ts";
import { authorityIn } from "../certificates/authority.ts";
import { documentFetch, type FetchParts, isDocumentAddress } from "./client-documents.ts";

test("a document has an address with a name and a path", () => {
  assert.equal(isDocumentAddress("https://agent.example/oauth/client.json"), true);
  for (const address of [
    ...[
      "http://agent.example/c",
      "https://agent.example/",
      "https://agent.example",
      "https://agent.example:8443/c",
      "https://user@agent.example/c",
      "https://127.0.0.1/c",
    ],
    ...[
      "https://2130706433/c",
      "https://0x7f.1/c",
      "https://[::1]/c",
      "https://localhost/c",
      "https://a.localhost/c",
      "https://a.localhost./c",
      "https://printer.local/c",
    ],
    ...[
      "https://metadata.google.internal/c",
      "https://intranet/c",
      "ftp://agent.example/c",
      "file:///etc/passwd",
      "",
      `https://agent.example/${"x".repeat(600)}`,
    ],
  ])
    assert.equal(isDocumentAddress(address), false, address);
});

const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-documents-"));
  const authority = await authorityIn(folder, "Slipstream test");
  const { certificate, key } = await authority.issue(["agent.example"]);
  const server = createServer({ cert: certificate, key }, answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    server: { ca: authority.certificate, port },
    stop() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
};

/** A name that has these addresses. */
const resolves =
  (...addresses: string[]): LookupFunction =>
  (_host, _options, answer) =>
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

test("a name is connected to only when all its addresses are public, and redirects are not followed", async () => {
  let asked = 0;
  const { server, stop } = await serve((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: "https://agent.example/other" }).end();
  });
  try {
    const get = (parts: Partial<FetchParts>) =>
      documentFetch({ lookup: resolves("127.0.0.1"), isAllowed: isPublicAddress, server, ...parts })("https://agent.example/client");
    for (const addresses of [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], []])
      await assert.rejects(get({ lookup: resolves(...addresses) }), addresses.join());
    assert.equal(asked, 0, "nothing was connected to");
    const answer = await get({ isAllowed: () => true });
    assert.deepEqual([answer.status, asked], [302, 1]);
    await assert.rejects(
      documentFetch({ lookup: resolves("127.0.0.1"), isAllowed: () => true, server: { ...server, ca: "" } })("https://agent.example/client"),
      "of an authority that nobody trusts",
    );
  } finally {
    stop();
  }
});
