// Documents of clients, and an authorization server that reads them.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { Agent } from "undici";
import { RateLimits } from "../../control/api/rate/rate-limits.ts";
import { authorityIn } from "../../control/certificates/authority.ts";
import { KeyRing } from "../../control/keys/key-ring.ts";
import { authorizationServer } from "../../control/oauth/authorization-server.ts";
import { beforeOthers } from "../../control/oauth/before-others.ts";
import { documentFetch } from "../../control/oauth/client-documents.ts";
import { Browser } from "./browser.ts";
import type { ControlPlane } from "./control-plane.ts";

/** The authorization server as control has it, but with a public internet of its own, where agent.example gives documents. */
export const documentServer = async (plane: ControlPlane, issuer: string, edge: Agent) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-documents-"));
  const authority = await authorityIn(folder, "Slipstream test");
  const leaf = await authority.issue(["agent.example"]);
  const answers = new Map<string, unknown>();
  const site = createTlsServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
    const answer = answers.get(`https://agent.example${request.url}`) ?? 404;
    if (typeof answer === "number") response.writeHead(answer, { location: "https://agent.example/other" }).end();
    else response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const lookup: LookupFunction = (_host, _options, answer) => answer(null, [{ address: "127.0.0.1", family: 4 }]);
  const log = { info() {}, warn() {}, error() {} };
  const provider = authorizationServer({
    issuer,
    database: plane.database,
    sealing: new KeyRing(plane.home.control),
    keys: { signing: randomBytes(32), cookies: randomBytes(32) },
    log,
    isPerson: async () => true,
    changed: async () => {},
    fetch: documentFetch({ lookup, isAllowed: () => true, server: { ca: authority.certificate, port: (site.address() as AddressInfo).port } }),
  });
  const server = nodeHttp
    .createServer(beforeOthers({ issuer, log, provider: async () => provider }, new RateLimits(), (_, response) => void response.writeHead(404).end()))
    .listen(0, "127.0.0.1");
  await once(server, "listening");
  const visitor = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, edge);
  return {
    answers,
    ask: (target: string) => visitor.ask(target),
    async stop() {
      for (const one of [site, server]) {
        one.closeAllConnections();
        one.close();
        await once(one, "close");
      }
      rmSync(folder, { recursive: true });
    },
  };
};
