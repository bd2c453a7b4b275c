import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { newTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { type Attempt, attempts, floods } from "./attempts.ts";
import { asRootOfItsNamespace, buildBarriers, gvisorBarriers, runcBarriers } from "./barriers.ts";
import { attemptBeside, ofBuild } from "./bundle.ts";
import { Result, Results, World } from "./world.ts";

const kinds = whole ? (["runc", "gvisor"] as const) : (["runc"] as const);
let made = 0;
let removed = 0;

/** Every attempt was made, and none did what it must not. */
const judge = (results: Results, mayBeOpen: (attempt: Attempt) => boolean = () => false): void => {
  assert.deepEqual(new Set(Object.keys(results)), new Set(attempts.map(({ name }) => name)));
  made += attempts.length;
  const wrong = attempts.flatMap((attempt) => {
    const { outcome, detail } = results[attempt.name] ?? { outcome: "broken", detail: "was not made" };
    const fine = outcome === "denied" || (outcome === "open" && mayBeOpen(attempt));
    return fine ? [] : [`${attempt.name} (${attempt.tries}): ${outcome}, ${detail}`];
  });
  assert.deepEqual(wrong, []);
};

/** The edge says so when the app was ended while it answered: it took the memory that it has, and is started again. */
const endedByItsLimit = (error: Error): Result => {
  if (!/answered 50[23]/.test(error.message)) throw error;
  return { outcome: "denied", detail: error.message };
};

const told = attempts.flatMap(({ tells }) => tells ?? []);

describe("a stranger's program", { timeout: 600_000 }, () => {
  const world = new World();
  before(() => world.open());
  after(async () => {
    await world.close();
    process.stdout.write(
      `# ${made} attempts to get out of a sandbox were made (${kinds.join(", ")}, and as a build step); ${removed} barriers were taken away\n`,
    );
  });

  for (const kind of kinds)
    describe(`in ${kind}`, () => {
      let app: string;
      before(async () => {
        app = await world.deploy(kind);
      });

      it("gets out by none of the attempts", async () => {
        judge(Results.parse(await world.ask(app, "/all")), ({ ownKernel }) => kind === "gvisor" && ownKernel === true);
      });

      it("leaves a line of what the firewall refused", () => world.untilTold(app, "runtime", told));

      if (kind === "runc")
        it("gets out by none of them as a build step", async () => {
          judge(Results.parse(await world.ask(app, "/build")));
          await world.untilTold(app, "build", told);
        });

      for (const flood of floods)
        it(`takes no more than its part: ${flood.name}`, { skip: !whole && flood.name !== "fork-flood" }, async () => {
          const flooding = world.ask(app, `/attempt?name=${flood.name}`);
          flooding.catch(() => {});
          for (let n = 0; n < 5; n += 1) {
            const asked = performance.now();
            assert.equal((await world.installation.request("neighbour")).status, 200);
            assert.ok(performance.now() - asked < 5_000, "the neighbour answers in time");
          }
          const result = await flooding.then(Result.parse, endedByItsLimit);
          made += 1;
          assert.ok(result.outcome === "denied" || (kind === "gvisor" && flood.ownKernel === true), `${result.outcome}, ${result.detail}`);
          if (flood.tells) await world.untilTold(app, "runtime", [flood.tells]);
          await world.untilAnswers(app);
        });
    });

  describe("as a build step", () => {
    for (const { name, endsBuild } of floods.flatMap(({ name, endsBuild }) => (endsBuild ? [{ name, endsBuild }] : [])))
      it(`takes no more than its part, and is told so: ${name}`, { skip: !whole && name !== "memory-flood" }, async () => {
        const building = world.floodBuild(name);
        const asked = performance.now();
        assert.equal((await world.installation.request("neighbour")).status, 200);
        assert.ok(performance.now() - asked < 5_000, "the neighbour answers in time");
        const { outcome, failure } = await building;
        made += 1;
        assert.deepEqual([outcome, failure?.code], ["failed", endsBuild.code], JSON.stringify(failure));
        assert.match(failure?.evidence.join("\n") ?? "", endsBuild.evidence);
        assert.deepEqual(await world.runsLeft(), []);
      });

    it("takes no more than its part, and goes on: log-flood", { skip: !whole }, async () => {
      const { app, outcome } = await world.floodBuild("log-flood");
      made += 1;
      assert.equal(outcome, "live");
      await world.untilTold(app, "build", [/lines were dropped/]);
    });
  });

  it("chooses no sandbox below the operator's floor by its slip.toml", async () => {
    const source = newTree("weak", { "index.html": "x", "slip.toml": '[run]\nsandbox = "runc"\n' });
    assert.equal((await world.installation.deploy(source)).failure?.code, "sandbox_below_floor");
    await world.installation.deployLive(source, ["--sandbox", "runc"]);
  });

  describe("without a barrier", () => {
    const sandboxes = ["escape-runc", ...(whole ? ["escape-gvisor", ofBuild] : [])];
    let release = (): Promise<void> => Promise.resolve();
    before(async () => {
      if (whole) release = await world.holdBuild();
    });
    after(() => release());
    const opened = (results: Results): string[] => Object.keys(results).filter((name) => results[name]?.outcome === "open");

    const removable = [
      ...runcBarriers.slice(0, whole ? undefined : 4).map((barrier) => ({ sandbox: "escape-runc", ...barrier })),
      ...(whole ? gvisorBarriers : []).map((barrier) => ({ sandbox: "escape-gvisor", ...barrier })),
      ...(whole ? buildBarriers : []).map((barrier) => ({ sandbox: ofBuild, ...barrier })),
    ];
    for (const { sandbox, name, without, opens } of removable)
      it(`gets through, as ${sandbox}: ${name}`, async () => {
        const { home } = world.installation;
        assert.deepEqual(opened(await attemptBeside(home, sandbox, opens)), [], "nothing gets through as long as it is there");
        const results = await attemptBeside(home, sandbox, opens, (bundle) => without(bundle, home));
        assert.deepEqual(opened(results), opens, JSON.stringify(results));
        removed += 1;
      });

    for (const sandbox of sandboxes.filter((each) => each !== "escape-gvisor"))
      it(`and as root of its user namespace it is nobody on the machine, as ${sandbox}`, async () => {
        const stays = ["core-pattern", "sysrq", "own-limits", "mknod", "block-devices", "kernel-memory", "kernel-modules", "kernel-log", "clock"];
        const results = await attemptBeside(world.installation.home, sandbox, [...stays, "mount"], asRootOfItsNamespace);
        assert.deepEqual(opened(results), ["mount"], JSON.stringify(results));
      });

    it("gets through: the rules of the firewall", async () => {
      const opens = ["ports-of-the-machine", "another-app", "another-app-by-a-datagram"];
      const openedBy = () => Promise.all(sandboxes.map(async (each) => opened(await attemptBeside(world.installation.home, each, opens))));
      assert.deepEqual(
        await openedBy(),
        sandboxes.map(() => []),
      );
      for (const chain of ["input", "from_instance", "to_instance"]) execFileSync("nft", ["flush", "chain", "inet", `slip_${world.id}`, chain]);
      assert.deepEqual(
        await openedBy(),
        sandboxes.map(() => opens),
      );
      removed += sandboxes.length;
    });
  });
});
