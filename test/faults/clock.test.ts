// The clock of the platform's processes set forward and back by an hour while they work (server/src/main/supervisor/fault-clock.ts):
// no request fails, what is under way ends as it would have, and what comes later counts as later. Restate sees the machine's clock.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";

const hourMs = 3_600_000;
/** A request to /slow takes so long: other requests, a deployment and the step go on meanwhile. */
const slowMs = 6_000;

/** Where the clock stands: an hour ahead, then where it was, which is a step back. */
const steps = [
  { name: "an hour forward", stands: "+1h" },
  { name: "an hour back", stands: "+0" },
];

const serverOf = (text: string): Record<string, string> => ({
  ...nodeFiles("1"),
  "server.js":
    `const answer = (request, response) => setTimeout(() => response.end(${JSON.stringify(text)}), request.url === "/slow" ? ${slowMs} : 0);\n` +
    'require("node:http").createServer(answer).listen(process.env.PORT, "0.0.0.0");\n',
});

describe("the clock is set", () => {
  const installation = new Installation();
  const clock = mkdtempSync(join(tmpdir(), "slip-clock-"));
  const source = newTree("steady", serverOf("first"));
  const setClock = (stands: string): void => {
    writeFileSync(join(clock, "now.new"), `${stands}\n`);
    renameSync(join(clock, "now.new"), join(clock, "now"));
  };
  const deployText = async (text: string, settings = ""): Promise<void> => {
    writeTree(source, { ...serverOf(text), "slip.toml": settings });
    await installation.deployLive(source);
  };
  const body = async (): Promise<string> => (await installation.request("steady")).body;

  before(async () => {
    setClock("+0");
    chmodSync(clock, 0o755);
    await installation.up({ SLIP_FAULTS: "1", SLIP_FAULT_CLOCK: clock });
    await deployText("first");
  });
  after(async () => {
    await installation.end();
    rmSync(clock, { recursive: true, force: true });
  });

  for (const { name, stands } of steps)
    it(`${name}, under load: what is under way ends live, no request fails, and rollback finds what was live last`, async () => {
      const load = steadyLoad(installation, "steady", { perSecond: 20 });
      await deployText(`before ${name}`);
      const deployed = deployText(`after ${name}`, '[run]\nrelease_command = "sleep 1"\n');
      await pause(800);
      setClock(stands);
      await deployed;
      assert.equal(await body(), `after ${name}`);
      await installation.expect(0, ["rollback", "steady"]);
      assert.equal(await body(), `before ${name}`);
      assert.deepEqual(failuresOf(await load.stop()), []);
    });

  it("requests that are slow have as long to end on the old release as before", async () => {
    await deployText("slow");
    const slow = installation.request("steady", "/slow");
    await pause(200);
    await deployText("next");
    for (const stands of ["+1h", "+0"]) {
      setClock(stands);
      await pause(1_000);
    }
    assert.equal((await slow).body, "slow");
    assert.equal(await body(), "next");
  });

  it("lines that are followed go on when the clock is set back, whatever time they bear", async () => {
    setClock("+1h");
    const since = new Date(Date.now() + hourMs - 60_000).toISOString();
    let path = "/ahead";
    const asking = setInterval(() => void installation.request("steady", path).catch(() => undefined), 100);
    installation.atEnd(() => clearInterval(asking));
    const lines = installation.client().lines("logs.read", { app: "steady", source: "edge", since, follow: true }, { signal: AbortSignal.timeout(20_000) });
    const seen = new Set<string>();
    for await (const { text } of lines) {
      for (const known of ["/ahead", "/set-back"]) if (text.includes(known)) seen.add(known);
      if (seen.has("/set-back")) break;
      if (seen.has("/ahead") && path === "/ahead") {
        setClock("+0");
        path = "/set-back";
      }
    }
    clearInterval(asking);
    assert.deepEqual([...seen], ["/ahead", "/set-back"]);
  });

  it("builds that wait for their turn get it", { skip: !whole }, async () => {
    const names = ["first-build", "second-build", "third-build", "fourth-build"];
    const folders = names.map((name) => newTree(name, { ...nodeFiles("1"), "slip.toml": `[build]\ncommand = "sleep 2; echo ${name}"\n` }));
    const all = Promise.all(folders.map((folder) => installation.deployLive(folder)));
    for (const stands of ["+1h", "+0"]) {
      await pause(1_000);
      setClock(stands);
    }
    await all;
  });
});
