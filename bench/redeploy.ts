// A deploy of a folder of 10,000 files of which one has changed, against the bare start of the same program: time, and bytes sent.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@slipstream/contract/client.ts";
import { changeOf, type SourceManifest } from "@slipstream/contract/source.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import type { Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, median } from "./claim.ts";
import { bareStart, clientOf, controlSocketOf } from "./deploy.ts";
import { manifestOf } from "./source.ts";

const files = 10_000;
const filesInFolder = 100;
const pairs = 10;
const warmUps = 2;
const goal = 2.5;
const goalBytes = 4 * 1024;

const writeApp = (folder: string): void => {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "many-files", scripts: { start: "node server.js" } }));
  for (let file = 2; file < files; file += 1) {
    const below = join(folder, `part-${Math.floor(file / filesInFolder)}`);
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `${file}.txt`), `This is file ${file} of the app.\n`);
  }
};

/** Counts what goes to a socket, heads of requests and all. */
const countingDoor = async (to: string, at: string): Promise<{ sent: () => number; close: () => void }> => {
  let bytes = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const platform = net.connect(to);
    for (const socket of [client, platform]) {
      sockets.add(socket);
      socket.on("error", () => [client, platform].forEach((it) => void it.destroy()));
    }
    client.on("data", (chunk) => {
      bytes += chunk.length;
    });
    client.pipe(platform).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { sent: () => bytes, close };
};

const untilLive = async (client: Client, deployment: string): Promise<void> => {
  for await (const { state, failure } of client.lines("deployments.watch", { deployment })) {
    if (state === "live") return;
    if (state !== "waiting" && state !== "running") throw new Error(`The deployment ended so: ${JSON.stringify(failure)}`);
  }
  throw new Error("The platform stopped answering.");
};

export const redeployClaims = async (installation: Installation): Promise<Claim[]> => {
  const parent = mkdtempSync(join(tmpdir(), "slip-bench-"));
  const folder = join(parent, "many-files");
  const socketPath = join(parent, "door.sock");
  const door = await countingDoor(controlSocketOf(installation), socketPath);
  const client = clientOf(installation, socketPath);
  try {
    writeApp(folder);
    const [bares, deploys, sizes]: [number[], number[], number[]] = [[], [], []];
    let before: (SourceManifest & { source: Digest }) | undefined;
    for (let round = -1 - warmUps; round < pairs; round += 1) {
      const program = Buffer.from(`${nodeProgram('"many files"')}\n// round ${round}\n`);
      writeFileSync(join(folder, "server.js"), program);
      const bare = await bareStart(folder);
      const { manifest, blobs } = manifestOf(folder);
      const [start, sent] = [performance.now(), door.sent()];
      const change = before === undefined ? manifest : { base: before.source, ...changeOf(before, manifest) };
      const { source, missing } = await client.call("sources.check", change);
      for (const sha256 of missing) await client.call("sources.upload", { sha256 }, { bytes: blobs.get(sha256) ?? Buffer.alloc(0) });
      const { deployment } = await client.call("deployments.create", { app: "many-files", source: { kind: "tree", digest: source }, sandbox: "runc" });
      await untilLive(client, deployment);
      const ms = performance.now() - start;
      before = { source, ...manifest };
      if (round < 0) continue;
      bares.push(bare);
      deploys.push(ms);
      sizes.push(door.sent() - sent - program.length);
    }
    const ratio = median(deploys.map((ms, round) => ms / (bares[round] ?? Number.NaN)));
    const most = Math.max(...sizes);
    return [
      {
        name: "redeploy, 1 of 10,000 files changed, call → live / bare start (runc)",
        measured: `${ratio.toFixed(2)} × (${inMs(median(deploys))} to ${inMs(median(bares))})`,
        goal: `≤ ${goal} ×`,
        reached: ratio <= goal,
      },
      { name: "  bytes sent beyond the file, at most", measured: `${most}`, goal: `≤ ${goalBytes}`, reached: most <= goalBytes },
    ];
  } finally {
    door.close();
    rmSync(parent, { recursive: true, force: true });
  }
};
