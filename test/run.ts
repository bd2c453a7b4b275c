// Runs a suite of tests: `node test/run.ts SUITE`. As `node --test`, but the files that take longest begin first, and the others fill the gaps:
// in the order of their names the longest would be the last, and most of what these do is to wait.
import { existsSync, globSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endJoint, startJoint } from "./e2e/joint-installation.ts";
import { type Suite, suites } from "./suites.ts";

const repository = resolve(import.meta.dirname, "..");
/** So many of the longest files are told at the end. */
const toldMax = 15;

const filesOf = ({ files, first }: Suite): string[] => {
  const gone = first.filter((path) => !existsSync(join(repository, path)));
  if (gone.length > 0) throw new Error(`test/suites.ts names what is not there: ${gone.join(", ")}`);
  const all = globSync([...files], { cwd: repository }).sort();
  if (all.length === 0) throw new Error(`There is no file ${files.join(", ")}.`);
  return [...first, ...all.filter((path) => !first.includes(path))].map((path) => join(repository, path));
};

/** Resolves to whether all tests passed, when the last file has ended. What runs is ended when `signal` aborts. */
const passes = async (suite: Suite, signal: AbortSignal): Promise<boolean> => {
  const took: { path: string; ms: number }[] = [];
  let passed = true;
  const stream = run({ files: filesOf(suite), concurrency: suite.atOnce, timeout: suite.timeoutMs, signal });
  stream.on("test:fail", () => {
    passed = false;
  });
  stream.on("test:summary", ({ file, duration_ms: ms, success }) => {
    if (!success) passed = false;
    if (file !== undefined) took.push({ path: relative(repository, file), ms });
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
  const longest = took.toSorted((a, b) => b.ms - a.ms).slice(0, toldMax);
  for (const { path, ms } of longest) process.stdout.write(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${path}\n`);
  return passed && !signal.aborted;
};

const main = async (name: string): Promise<boolean> => {
  const suite = suites[name];
  if (suite === undefined) throw new Error(`There is no suite ${name}: ${Object.keys(suites).join(", ")}.`);
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
  if (suite.joint) await startJoint();
  try {
    return await passes(suite, ending.signal);
  } finally {
    if (suite.joint) await endJoint();
  }
};

process.exitCode = (await main(process.argv[2] ?? "")) ? 0 : 1;
