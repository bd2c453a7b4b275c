// Stored files that are not what they were: found, never served, and made anew by the next deployment of the same source.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { tableIn } from "@slipstream/contract/ports/table-file.ts";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

const Findings = z.object({ findings: z.array(z.object({ problem: z.string(), kind: z.string(), name: z.string(), detail: z.string() })) });

const Manifest = z.object({ layers: z.array(z.object({ digest: z.string() })) });

const flipBit = (path: string): void => {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};

/** Another name of an app's host: the table is as readable as before, and leads elsewhere. */
const flipHost = (path: string): void => {
  const bytes = readFileSync(path);
  const at = bytes.indexOf("steady.slip.localhost");
  assert.ok(at > 0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
const cutOff = (path: string): void => truncateSync(path, Math.floor(statSync(path).size / 2));

const digestIn = (path: string): string | undefined => tableIn(readFileSync(path))?.table.digest;

/** Control looks every second whether an edge is behind, and writes the table then. */
const unwrittenMs = 2_500;

const seenMs = 50;

describe("damage", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"as it was"'));
  const examine = async () => {
    const { code, stdout } = await installation.slip(["doctor", "--deep", "--json"]);
    return { code, findings: Findings.parse(JSON.parse(stdout)).findings };
  };
  const assertAnswers = async () => assert.equal((await installation.request("steady")).body, "as it was");
  const processes = new Processes(installation.home);
  const table = join(installation.home, "edge/table.json");
  const processLog = (name: string) => readFileSync(join(installation.home, "processes", `${name}.log`), "utf8");
  const pathOf = (digest: string) => join(installation.home, "oci/blobs", digest.replace(":", "/"));
  const layersOf = (artifact: string) => Manifest.parse(JSON.parse(readFileSync(pathOf(artifact), "utf8"))).layers.map(({ digest }) => digest);
  /** What it answers once it runs again. */
  const answered = async (app: string) => {
    for (const until = performance.now() + 5_000; ; await pause(50)) {
      const answer = await installation.request(app);
      if (answer.status === 200 || performance.now() > until) return answer;
    }
  };

  /** Damages the table for as long as nobody writes it for another reason, such as an edge that came up late. Gives its digest of before. */
  const damageTable = async (damage: (path: string) => void): Promise<string> => {
    for (let times = 0; times < 20; times += 1) {
      const before = digestIn(table);
      assert.ok(before);
      damage(table);
      await pause(unwrittenMs);
      if (digestIn(table) === undefined) return before;
    }
    throw new Error("The route table is written again and again.");
  };

  before(() => installation.up());
  after(() => installation.end());

  it("a bit that flipped in a stored layer is found, the app goes on, and the next deployment makes it anew", async () => {
    const { artifact = "" } = await installation.deployLive(source);
    flipBit(pathOf(layersOf(artifact).at(-1) ?? ""));
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

  /** Sandboxes that read their files in different ways: by the kernel, and by a file server of their own. */
  for (const sandbox of ["runc", "gvisor"])
    it(`a bit that flipped in the unpacked files of an app in ${sandbox} is found; they are unpacked anew, and what uses them started again`, async () => {
      const [name, text] = [`flipped-${sandbox}`, `as it was in ${sandbox}`];
      const app = newTree(name, { ...nodeFiles('require("node:fs").readFileSync("text.txt", "utf8")'), "text.txt": text });
      const { artifact = "" } = await installation.deployLive(app, ["--sandbox", sandbox]);
      // A release of the same artifact: the one of before is parked, and uses the same folder.
      await installation.expect(0, ["env", "set", name, "COLOUR=red"]);
      const layer = layersOf(artifact).at(-1) ?? "";
      const file = join(installation.home, "layers", layer.replace("sha256:", ""), "app/text.txt");
      flipBit(file);
      assert.notEqual(readFileSync(file, "utf8"), text);
      assert.deepEqual(await examine(), {
        code: 0,
        findings: [{ problem: "difference", kind: "layer", name: layer, detail: `"app/text.txt" is not as it was packed. It is used by ${name}.` }],
      });
      assert.equal(readFileSync(file, "utf8"), text);
      assert.equal((await answered(name)).body, text);
      await installation.expect(0, ["rollback", name]);
      assert.equal((await answered(name)).body, text);
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

  for (const [what, damage] of Object.entries({ "in which a bit flipped": flipHost, "that was cut off": cutOff }))
    it(`a route table ${what} is never served: edges that start wait for control, and so do clients`, async () => {
      await installation.deployLive(source);
      const written = await damageTable(damage);
      const said = processLog("edge-0").length;
      const pids = processes.edges().map((name) => processes.pidOf(name));
      const back = processes.kill(...processes.edges());
      await processes.gone(pids);
      // A connection that the client has kept to one of them is not asked on once it has seen its end, which is after the timers of a turn.
      await pause(seenMs);
      await new Promise((seen) => setImmediate(seen));
      await assertAnswers();
      await back;
      assert.match(processLog("edge-0").slice(said), /The route table on disk is damaged/);
      // Edges have it before the disk has.
      for (const until = performance.now() + 5_000; digestIn(table) !== written; await pause(20)) assert.ok(performance.now() < until);
    });

  it("a platform that starts with a damaged route table serves as before", { skip: !whole }, async () => {
    await installation.expect(0, ["down"]);
    flipHost(table);
    await installation.up();
    assert.equal((await answered("steady")).body, "as it was");
    assert.deepEqual(await examine(), { code: 0, findings: [] });
  });

  it("a damaged route table is found and written anew while nothing has to read it", async () => {
    await damageTable(flipHost);
    const { code, findings } = await examine();
    assert.equal(code, 0);
    assert.deepEqual(
      findings.map(({ problem, kind, name }) => [problem, kind, name]),
      [["difference", "route", "table.json"]],
    );
    assert.deepEqual(await examine(), { code: 0, findings: [] });
  });
});
