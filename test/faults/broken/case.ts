// A broken app under test/fixtures/broken: its source in `app`, what its report must say, and the next action that mends it.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

const folder = resolve(import.meta.dirname, "../../fixtures/broken");

const Report = z.strictObject({
  phase: z.string(),
  code: z.string(),
  /** Parts of the texts. */
  summary: z.string().optional(),
  cause: z.string().optional(),
  /** Nothing may be concluded. */
  noCause: z.literal(true).optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  evidence: z.array(z.string()).default([]),
  withinMs: z.number().optional(),
});
export type Report = z.infer<typeof Report>;

/** What of `nextActions` is done, and by what: the setting or command that it names, followed as it stands, or files of `fix` laid over. */
const Fix = z.strictObject({
  action: z.string(),
  by: z.enum(["setting", "command", "files"]),
  /** What a command asks for on standard input. */
  input: z.string().optional(),
  /** The command with what the action leaves open. */
  command: z.array(z.string()).optional(),
});
export type Fix = z.infer<typeof Fix>;

const Case = z.strictObject({
  what: z.string(),
  /** Without one the app is not broken, though it looks so: it becomes live. */
  report: Report.optional(),
  fix: Fix.optional(),
  /** There is no old release. */
  first: z.literal(true).optional(),
  /** Runs in the fast sample. */
  sample: z.literal(true).optional(),
  /** The platform is on a disk of its own, of this size: nothing of it is taken from the machine's. */
  diskBytes: z.number().optional(),
  /** Asks the package registries. */
  registry: z.literal(true).optional(),
});
export type BrokenCase = z.infer<typeof Case> & { name: string };

export const brokenCases = (): BrokenCase[] =>
  readdirSync(folder)
    .sort()
    .map((name) => ({ name, ...Case.parse(JSON.parse(readFileSync(join(folder, name, "case.json"), "utf8"))) }));

/** A copy of the app that may be changed. */
export const copyOf = (name: string): { source: string; remove: () => void } => {
  const parent = mkdtempSync(join(tmpdir(), "slip-broken-"));
  const source = join(parent, name);
  cpSync(join(folder, name, "app"), source, { recursive: true });
  return { source, remove: () => rmSync(parent, { recursive: true, force: true }) };
};

/** Lays the files of `fix` over a copy, where there are any. */
export const layFix = (name: string, source: string): void => {
  const files = join(folder, name, "fix");
  if (existsSync(files)) cpSync(files, source, { recursive: true });
};
