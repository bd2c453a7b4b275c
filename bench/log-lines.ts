// The store of log lines: how soon a follower sees one, what one costs, how large they are at rest, and whether one is lost with its writer.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { constants, zstdCompressSync } from "node:zlib";
import { readCompressed } from "../server/src/observability/store/compression.ts";
import { isCompressed } from "../server/src/observability/store/layout.ts";
import { logReader } from "../server/src/observability/store/reader.ts";
import { logWriter } from "../server/src/observability/store/writer.ts";
import { type Claim, inMs, quantile } from "./claim.ts";
import { appNamed, begin, type FollowersWork, type Saw, type WritersWork, type Wrote } from "./log-lines-apart.ts";

const perSecond = 50_000;
/** Each at the limit of one instance. */
const apps = 25;
const seconds = 14;
const idleSeconds = 6;
const restSeconds = 6;
const kills = 10;
const goals = { tailMs: 2, cpuUs: 2, atRest: 1.15 };

interface Ran {
  /** Processor time of the writing process for one line, without what it takes to make one at that pace, and that. */
  cpuUs: number;
  paceUs: number;
  linesPerSecond: number;
  latenciesMs: number[];
}

const writeFor = async (work: Omit<WritersWork, "kind" | "perSecond">): Promise<Wrote> => {
  const wrote = await begin<Wrote>({ kind: "write", perSecond, ...work }).done;
  if (!wrote) throw new Error("The writing process has died.");
  return wrote;
};

/** Lines of all apps, of which one is followed. */
const run = async (folder: string): Promise<Ran> => {
  const idle = await writeFor({ folder, apps, seconds: idleSeconds, idle: true });
  const follower = begin<Saw>({ kind: "follow", folder, app: appNamed(0) } satisfies FollowersWork);
  await pause(1_000);
  const writer = begin<Wrote>({ kind: "write", folder, apps, perSecond, seconds });
  follower.child.on("message", (message) => typeof message === "string" && writer.child.connected && writer.child.send(message));
  writer.child.send(appNamed(0));
  const wrote = await writer.done;
  if (wrote) follower.child.send(Math.ceil(wrote.lines / apps));
  const saw = await follower.done;
  if (!wrote || !saw) throw new Error("A process has died.");
  return { cpuUs: wrote.cpuUs - idle.cpuUs, paceUs: idle.cpuUs, linesPerSecond: wrote.lines / (wrote.tookMs / 1_000), latenciesMs: saw.latenciesMs };
};

const streamOf = (folder: string, app: string): string => join(folder, "local", "default", app, "runtime");

/** The writer was killed or has ended: another one compresses what it left, once there is a line. */
const compressAll = async (folder: string): Promise<void> => {
  const writer = logWriter(folder);
  const line = { tenant: "local", project: "default", deployment: "", commit: "", instance: "", source: "runtime", stream: "stdout", text: "the end" } as const;
  const names = readdirSync(join(folder, "local", "default"));
  for (const app of names) writer.append({ ...line, app, time: new Date().toISOString() });
  await writer.flush();
  const isDone = (app: string): boolean => readdirSync(streamOf(folder, app)).filter((file) => !isCompressed(file)).length === 1;
  while (!names.every(isDone)) await pause(20);
};

interface Sizes {
  text: number;
  kept: number;
  floor: number;
  newest: number;
}

/** Bytes of the full segments of an app, and what zstd makes of their text as one. */
const sizesOf = async (folder: string): Promise<Sizes> => {
  const sizes = { text: 0, kept: 0, floor: 0, newest: 0 };
  for (const app of readdirSync(join(folder, "local", "default"))) {
    const stream = streamOf(folder, app);
    const texts: Buffer[] = [];
    for (const file of readdirSync(stream).sort()) {
      const { size } = statSync(join(stream, file));
      if (isCompressed(file)) texts.push((await readCompressed(join(stream, file))) ?? Buffer.alloc(0));
      sizes[isCompressed(file) ? "kept" : "newest"] += size;
    }
    const text = Buffer.concat(texts);
    sizes.text += text.length;
    sizes.floor += zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 3 }, pledgedSrcSize: text.length }).length;
  }
  return sizes;
};

/** Acknowledged lines that are not found, and those found twice, once the process that wrote them was killed. */
const killOnce = async (folder: string, afterMs: number): Promise<{ acknowledged: number; lost: number; twice: number }> => {
  const note = join(folder, "acknowledged");
  const { child, done } = begin<Wrote>({ kind: "write", folder, apps: 1, perSecond, seconds: 60, acknowledged: note });
  while (!statSync(note, { throwIfNoEntry: false })?.size) await pause(5);
  await pause(afterMs);
  child.kill("SIGKILL");
  await done;
  const acknowledged = Number(readFileSync(note, "utf8"));
  const query = { tenant: "local", project: "default", app: appNamed(0), sources: ["runtime" as const], limit: 10_000_000 };
  const found = (await logReader([folder]).search(query)).map(({ text }) => Number(text.split(" ").at(-1)));
  const known = new Set(found);
  let lost = 0;
  for (let line = 0; line < acknowledged; line += 1) if (!known.has(line)) lost += 1;
  return { acknowledged, lost, twice: found.length - known.size };
};

const killClaim = async (root: string): Promise<Claim> => {
  const all = { acknowledged: 0, lost: 0, twice: 0 };
  for (let round = 0; round < kills; round += 1) {
    const folder = join(root, `killed-${round}`);
    mkdirSync(folder);
    const once = await killOnce(folder, 300 + round * 190);
    for (const key of ["acknowledged", "lost", "twice"] as const) all[key] += once[key];
    rmSync(folder, { recursive: true });
  }
  return {
    name: `acknowledged lines that are lost, of ${kills} writers killed with SIGKILL while they wrote and compressed`,
    measured: `${all.lost} of ${all.acknowledged} (${all.twice} twice)`,
    goal: "0",
    reached: all.lost === 0 && all.twice === 0,
  };
};

const claimsOf = ({ cpuUs, paceUs, linesPerSecond, latenciesMs }: Ran): Claim[] => {
  const [p50, p99] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
  return [
    {
      name: `${Math.round(linesPerSecond)} log lines/s of ${apps} apps: from the writer's hand to a follower of one app`,
      measured: `p50 ${inMs(p50)}, p99 ${inMs(p99)}`,
      goal: `p50 ≤ ${goals.tailMs} ms`,
      reached: p50 <= goals.tailMs,
    },
    {
      name: "  processor time of the writing process for a line, compressing included",
      measured: `${cpuUs.toFixed(2)} µs (making the line and keeping the pace: ${paceUs.toFixed(2)} more)`,
      goal: `≤ ${goals.cpuUs} µs`,
      reached: cpuUs <= goals.cpuUs,
    },
  ];
};

export const logLineClaims = async (): Promise<Claim[]> => {
  const root = mkdtempSync(join(tmpdir(), "slip-bench-logs-"));
  try {
    const many = await run(join(root, "many"));
    // Several segments of one stream, and less than it keeps.
    await writeFor({ folder: join(root, "rest"), apps: 1, seconds: restSeconds });
    await compressAll(join(root, "rest"));
    const { text, kept, floor, newest } = await sizesOf(join(root, "rest"));
    return [
      ...claimsOf(many),
      {
        name: "log lines of one app at rest / their text as one in zstd -3",
        measured: `${(kept / floor).toFixed(3)} × (${(text / kept).toFixed(1)} times less than the text; ${(text / 2 ** 20).toFixed(0)} MiB; ${newest} bytes of the segment that is not full)`,
        goal: `≤ ${goals.atRest} ×`,
        reached: kept > 0 && kept <= goals.atRest * floor,
      },
      await killClaim(root),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
