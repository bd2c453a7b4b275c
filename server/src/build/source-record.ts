// Of each app it is noted what its last layers were made of, where no build step made them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";
import { writeDurably } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import type { Descriptor } from "#platform/oci/layout.ts";
import type { BuildContext } from "./context.ts";
import { StoredDescriptor } from "./toolchains/provided-layer.ts";

const formatVersion = 2;
/** The layers are those of the source's pieces, in their order. */
export const SourceRecord = z.object({ key: z.string(), source: z.string(), layers: z.array(StoredDescriptor) });
type SourceRecord = z.infer<typeof SourceRecord>;

/** Where it is noted of each app what its last layers were made of. */
export const sourceRecords = (home: Home): string => join(home.cache, "source-layers");

const recordPath = ({ dependencies: { home }, spec: { tags } }: BuildContext): string => {
  const name = createHash("sha256")
    .update(JSON.stringify([tags.project, tags.app]))
    .digest("hex");
  return join(sourceRecords(home), tags.tenant, `${name}.json`);
};

const keyOf = ({ output }: BuildPlan): string => JSON.stringify([formatVersion, output ?? null]);

export const readSourceRecord = (context: BuildContext, plan: BuildPlan): SourceRecord | undefined => {
  const path = recordPath(context);
  const parsed = existsSync(path) ? SourceRecord.safeParse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
  return parsed?.data?.key === keyOf(plan) ? parsed.data : undefined;
};

export const writeSourceRecord = async (context: BuildContext, plan: BuildPlan, layers: Descriptor[]): Promise<void> => {
  const record: SourceRecord = { key: keyOf(plan), source: context.spec.source, layers };
  await mkdir(dirname(recordPath(context)), { recursive: true });
  writeDurably(recordPath(context), JSON.stringify(record), 0o644);
};
