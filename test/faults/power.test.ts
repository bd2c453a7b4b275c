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
  /** What the app answers as the caller was told last, and as is being asked for. */
  answers: readonly [number, number];
}

describe("power loss", () => {
  const disk = new PowerDisk(2 ** 31);
  const installation = new Installation(join(disk.folder, "home"));
  const source = newTree("steady", nodeFiles('"1"'));
  const cuts: Cut[] = [];
  let [told, asked, newest] = [0, 0, 0];
  /** What a rollback goes back to is the one before the last. */
  const lived: number[] = [];

  const deployNext = async (): Promise<void> => {
    newest += 1;
    asked = newest;
    writeTree(source, nodeFiles(`"${asked}"`));
    await installation.deployLive(source);
    told = asked;
    lived.push(told);
  };
  const rollBack = async (): Promise<void> => {
    asked = lived.at(-2) ?? 0;
    await installation.expect(0, ["rollback", "steady"]);
    told = asked;
    lived.pop();
  };
  /** Deploys, and rolls back, one after the other until the cuts are made, each at some moment of a deployment. */
  const workUntil = async (cutting: Promise<void>): Promise<void> => {
    let isOver = false;
    const end = cutting.finally(() => (isOver = true));
    for (let turn = 1; !isOver; turn += 1) await (turn % 3 === 0 ? rollBack() : deployNext());
    await end;
  };
  const cutOften = async (): Promise<void> => {
    while (cuts.length < cutsCount) {
      await pause(Math.random() * 2_000);
      cuts.push({ file: disk.cut(), answers: [told, asked] });
    }
  };
  const ended = async (): Promise<string[]> => {
    const { deployments } = Deployments.parse(JSON.parse(await installation.expect(0, ["deployments", "steady", "--json"])));
    return deployments.map(({ state }) => state);
  };

  const startAgain = async ({ answers }: Cut): Promise<void> => {
    // The start of the machine is another one.
    rmSync(join(installation.home, "cache/boot-id"), { force: true });
    await installation.up();
    for (let attempt = 0; (await ended()).some((state) => state === "waiting" || state === "running"); attempt += 1) {
      assert.ok(attempt < 300, "all deployments end within 30 s");
      await pause(100);
    }
    const { status, body } = await installation.request("steady");
    assert.equal(status, 200, `${body}\n${await installation.expect(0, ["logs", "steady", "--edge"])}`);
    assert.ok(answers.includes(Number(body)), `${body} answers; ${answers[0]} was told to be live, ${answers[1]} was asked for`);
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
