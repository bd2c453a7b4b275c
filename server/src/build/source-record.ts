// Of each app it is noted what its last layers were made of, where no build step made them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";
import type { Home } from "#platform/home.ts";
import { type Descriptor, hexOf } from "#platform/oci/layout.ts";
import type { BuildContext } from "./context.ts";
import { StoredDescriptor } from "./toolchains/provided-layer.ts";

const formatVersion = 2;
/** The layers are those of the source's pieces, in their order. */
const SourceRecord = z.object({ key: z.string(), source: z.string(), layers: z.array(StoredDescriptor) });
type SourceRecord = z.infer<typeof SourceRecord>;

/** Where it is noted of each app what its last layers were made of. */
export const sourceRecords = (home: Home): string => join(home.cache, "source-layers");

const recordPath = ({ dependencies: { home }, spec: { tags } }: BuildContext): string => {
  const name = createHash("sha256")
    .update(JSON.stringify([tags.project, tags.app]))
    .digest("hex");
  return join(sourceRecords(home), tags.tenant, `${name}.json`);
};

const keyOf = ({ output, omits = [] }: BuildPlan): string => JSON.stringify([formatVersion, output ?? null, ...(omits.length === 0 ? [] : [omits])]);

/** Undefined also for a file of another version, or one that a power loss has left without its content. */
const readRecord = (path: string): SourceRecord | undefined => {
  try {
    return SourceRecord.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
};

export const readSourceRecord = (context: BuildContext, plan: BuildPlan): SourceRecord | undefined => {
  const record = readRecord(recordPath(context));
  return record?.key === keyOf(plan) ? record : undefined;
};

/** Not fsynced: without it the next layers are made of the source alone. */
export const writeSourceRecord = (context: BuildContext, plan: BuildPlan, layers: Descriptor[]): void => {
  const record: SourceRecord = { key: keyOf(plan), source: context.spec.source, layers };
  const path = recordPath(context);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
};

/** Deletes what nobody reads, and those of which no layer is needed: hexadecimal digests. */
export const dropSourceRecords = async (home: Home, needed: ReadonlySet<string>): Promise<void> => {
  const folder = sourceRecords(home);
  if (!existsSync(folder)) return;
  for (const name of (await readdir(folder, { recursive: true })).filter((each) => each.endsWith(".json"))) {
    const isOfUse = readRecord(join(folder, name))?.layers.some(({ digest }) => needed.has(hexOf(digest)));
    if (isOfUse !== true) await rm(join(folder, name), { force: true });
  }
};
