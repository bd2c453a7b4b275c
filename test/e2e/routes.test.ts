import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

const withRoutes = (word: string, routes: readonly { host?: string; path?: string }[]): Record<string, string> => ({
  ...nodeFiles(`"${word} " + request.url`),
  "slip.toml": routes
    .map(
      (route) =>
        `[[routes]]\n${Object.entries(route)
          .map(([key, value]) => `${key} = "${value}"\n`)
          .join("")}`,
    )
    .join("\n"),
});

describe("host names and paths", () => {
  const installation = jointInstallation();
  const bodyOf = async (host: string, path = "/"): Promise<string> => (await installation.request(host, path)).body;
  /** Names and issuer of the certificate that the edge shows for a host. */
  const certificateOf = (servername: string): Promise<tls.PeerCertificate> =>
    new Promise((resolve, reject) => {
      const socket = tls.connect({ host: "127.0.0.1", port: installation.httpsPort, servername, ca: installation.ca }, () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
      socket.on("error", reject);
    });
  before(() => installation.up());
  after(() => installation.end());

  it("routes of slip.toml are served at their host and path alone, with a certificate for each host", async () => {
    const routes = [{ host: "shop.example.test" }, { host: "www.example.test", path: "/shop" }];
    await installation.deployLive(newTree("shop", withRoutes("shop", routes)));
    assert.equal(await bodyOf("shop.example.test", "/a"), "shop /a");
    assert.equal(await bodyOf("www.example.test", "/shop/a"), "shop /shop/a");
    assert.equal((await installation.request("www.example.test", "/other")).status, 404);
    assert.equal((await installation.request("www.example.test", "/shopping")).status, 404);
    for (const host of ["shop.example.test", "www.example.test"]) {
      const { subjectaltname, issuer } = await certificateOf(host);
      assert.match(subjectaltname ?? "", new RegExp(`DNS:${host.replaceAll(".", "\\.")}`));
      assert.match(String(issuer.CN), /Slipstream/);
    }
  });

  it("a host belongs to one app: another that wants a path of it is told whose it is", async () => {
    const { outcome, failure } = await installation.deploy(newTree("blog", withRoutes("blog", [{ host: "www.example.test", path: "/blog" }])));
    assert.deepEqual([outcome, failure?.code], ["failed", "conflict"]);
    assert.match(failure?.summary ?? "", /www\.example\.test.*shop/);
    assert.equal((await installation.request("www.example.test", "/blog")).status, 404);
    const added = await installation.slip(["domains", "add", "shop", "shop.example.test"]);
    assert.equal(added.code, 0, "its own is no conflict");
  });

  it("--domain names the host of an app, and stays after the next deployment", async () => {
    const source = newTree("docs", nodeFiles('"docs"'));
    const { url } = await installation.deployLive(source, ["--domain", "docs.example.test"]);
    assert.equal(url, `https://docs.example.test:${installation.httpsPort}`);
    assert.equal(await bodyOf("docs.example.test"), "docs");
    await installation.expect(0, ["restart", "docs"]);
    await installation.deployLive(source);
    assert.equal(await bodyOf("docs.example.test"), "docs");
  });

  it("domains add: the name has a certificate of the local authority at once; removed, it has none", async () => {
    await installation.expect(0, ["domains", "add", "docs", "more.example.test"]);
    assert.match((await certificateOf("more.example.test")).subjectaltname ?? "", /DNS:more\.example\.test/);
    assert.equal(await bodyOf("more.example.test"), "docs");
    await installation.expect(0, ["domains", "rm", "docs", "more.example.test"]);
    await assert.rejects(certificateOf("more.example.test"));
  });
});
