// Stored files that are not what they were: found, never served, and made anew by the next deployment of the same source.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";

const Findings = z.object({ findings: z.array(z.object({ problem: z.string(), kind: z.string(), name: z.string(), detail: z.string() })) });

const flipBit = (path: string): void => {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};

describe("damage", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"as it was"'));
  const examine = async () => {
    const { code, stdout } = await installation.slip(["doctor", "--deep", "--json"]);
    return { code, findings: Findings.parse(JSON.parse(stdout)).findings };
  };
  const assertAnswers = async () => assert.equal((await installation.request("steady")).body, "as it was");
  const pathOf = (digest: string) => join(installation.home, "oci/blobs", digest.replace(":", "/"));

  before(() => installation.up());
  after(() => installation.end());

  it("a bit that flipped in a stored layer is found, the app goes on, and the next deployment makes it anew", async () => {
    const { artifact = "" } = await installation.deployLive(source);
    const Manifest = z.object({ layers: z.array(z.object({ digest: z.string() })) });
    const { layers } = Manifest.parse(JSON.parse(readFileSync(pathOf(artifact), "utf8")));
    flipBit(pathOf(layers.at(-1)?.digest ?? ""));
    const { code, findings } = await examine();
    assert.equal(code, 1);
    assert.deepEqual(
      findings.map(({ problem, kind, name }) => [problem, kind, name]),
      [["loss", "artifact", artifact]],
    );
    await assertAnswers();
    assert.equal((await installation.deployLive(source)).artifact, artifact);
    await assertAnswers();
    assert.deepEqual(await examine(), { code: 0, findings: [] });
  });

  it("an uploaded file that was cut off is said to be damaged, and sent again by the next deployment", async () => {
    const other = newTree("other", nodeFiles('"another"'));
    const blobs = join(installation.home, "sources");
    const before = new Set(readdirSync(blobs, { recursive: true, encoding: "utf8" }));
    await installation.deployLive(other);
    const made = readdirSync(blobs, { recursive: true, encoding: "utf8" }).filter((name) => !before.has(name) && /\/blobs\/..\/[0-9a-f]{64}$/.test(name));
    assert.ok(made.length > 0);
    for (const name of made) writeFileSync(join(blobs, name), readFileSync(join(blobs, name)).subarray(0, Math.max(0, statSync(join(blobs, name)).size - 1)));
    const refused = await installation.slip(["deploy", other, "--json"]);
    assert.notEqual(refused.code, 0);
    assert.match(`${refused.stdout}${refused.stderr}`, /damaged/);
    for (let attempt = 1; attempt < made.length; attempt += 1) await installation.slip(["deploy", other, "--json"]);
    await installation.deployLive(other);
    assert.equal((await installation.request("other")).body, "another");
  });
});
