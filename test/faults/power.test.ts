// The power is cut while the platform works: from what is on the disk it starts by itself, and nothing that it told is taken back.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { PowerDisk } from "./power-disk.ts";

const cutsCount = whole ? 12 : 1;
const Deployments = z.object({ deployments: z.array(z.object({ state: z.string(), release: z.number().nullish() })) });
const Audit = z.object({ findings: z.array(z.object({ problem: z.string(), name: z.string(), mended: z.boolean().optional() }).loose()) });

interface Cut {
  file: string;
  /** The last answer that the caller had been told is live before, and the newest one that was asked for. */
  told: number;
  asked: number;
}

describe("power loss", () => {
  const disk = new PowerDisk(2 ** 31);
  const installation = new Installation(join(disk.folder, "home"));
  const source = newTree("steady", nodeFiles('"1"'));
  const cuts: Cut[] = [];
  let [told, asked] = [0, 0];

  const deployNext = async (): Promise<void> => {
    asked += 1;
    writeTree(source, nodeFiles(`"${asked}"`));
    const number = asked;
    await installation.deployLive(source);
    told = number;
  };
  /** Deploys one after the other until the cuts are made, each at some moment of a deployment. */
  const workUntil = async (cutting: Promise<void>): Promise<void> => {
    let isOver = false;
    const end = cutting.finally(() => (isOver = true));
    while (!isOver) await deployNext();
    await end;
  };
  const cutOften = async (): Promise<void> => {
    while (cuts.length < cutsCount) {
      await pause(Math.random() * 2_000);
      const before = told;
      const file = disk.cut();
      cuts.push({ file, told: before, asked });
    }
  };
  const ended = async (): Promise<string[]> => {
    const { deployments } = Deployments.parse(JSON.parse(await installation.expect(0, ["deployments", "steady", "--json"])));
    return deployments.map(({ state }) => state);
  };

  const startAgain = async ({ told: least, asked: most }: Cut): Promise<void> => {
    // The start of the machine is another one.
    rmSync(join(installation.home, "cache/boot-id"), { force: true });
    await installation.up();
    for (let attempt = 0; (await ended()).some((state) => state === "waiting" || state === "running"); attempt += 1) {
      assert.ok(attempt < 300, "all deployments end within 30 s");
      await pause(100);
    }
    const { status, body } = await installation.request("steady");
    assert.equal(status, 200, `${body}\n${await installation.expect(0, ["logs", "steady", "--edge"])}`);
    assert.ok(Number(body) >= least && Number(body) <= most, `${body} answers; ${least} was told to be live, ${most} was asked for`);
    await installation.slip(["doctor", "--deep", "--json"]);
    const { findings } = Audit.parse(JSON.parse((await installation.slip(["doctor", "--deep", "--json"])).stdout));
    assert.deepEqual(findings, []);
  };

  before(async () => {
    await installation.up();
    await deployNext();
    await workUntil(cutOften());
    await installation.expect(0, ["down"]);
    disk.unmount();
  });
  after(async () => {
    await installation.end().finally(() => disk.end());
  });

  for (let index = 0; index < cutsCount; index += 1)
    it(`cut ${index + 1}: it starts, serves what was live, and ends what was under way once`, async () => {
      const cut = cuts[index];
      assert.ok(cut);
      disk.mount(cut.file);
      try {
        await startAgain(cut);
      } finally {
        await installation.expect(0, ["down"]);
        disk.unmount();
      }
    });
});
