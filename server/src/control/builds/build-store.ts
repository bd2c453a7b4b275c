// Builds and artifacts in PostgreSQL.
import { createHash } from "node:crypto";
import { type BuildResult, builderVersion } from "@slipstream/contract/ports/host.ts";
import { json, type Query } from "#platform/database.ts";

export interface BuildInputs {
  source: string;
  /** Of a workspace: the package that is the app. */
  package: string | undefined;
  /** Versions of the secrets that the build reads. */
  secretVersions: Readonly<Record<string, number>>;
}
/** Builds with the same inputs make the same artifact. slip.toml is part of the source, but for the package that is the app. */
export const inputDigest = ({ source, package: folder, secretVersions }: BuildInputs): string => {
  const secrets = Object.entries(secretVersions).sort(([a], [b]) => (a < b ? -1 : 1));
  return `sha256:${createHash("sha256")
    .update(JSON.stringify([builderVersion, source, secrets, ...(folder === undefined ? [] : [folder])]))
    .digest("hex")}`;
};

export interface ArtifactRow {
  artifact: string;
  sizeBytes: number;
  notes: string[];
}
export const builtArtifact = async (query: Query, tenant: string, input: string): Promise<ArtifactRow | undefined> =>
  (
    await query<ArtifactRow[]>`
      select b.artifact, a.size_bytes, b.notes from builds b join artifacts a on a.tenant = b.tenant and a.digest = b.artifact
      where b.tenant = ${tenant} and b.input_digest = ${input}`
  )[0];

export const saveBuild = async (
  query: Query,
  of: { id: string; tenant: string; input: string; result: Extract<BuildResult, { outcome: "built" }> },
): Promise<void> => {
  const { id, tenant, input, result } = of;
  await query`
    with made as (insert into artifacts (tenant, digest, size_bytes) values (${tenant}, ${result.artifact}, ${result.sizeBytes}) on conflict do nothing)
    insert into builds (id, tenant, input_digest, artifact, buildpack, steps, notes)
    values (${id}, ${tenant}, ${input}, ${result.artifact}, ${result.buildpack}, ${json(query, result.steps)}, ${json(query, result.notes)})
    on conflict (tenant, input_digest) do update set artifact = excluded.artifact, steps = excluded.steps, notes = excluded.notes`;
};

/** The artifact is gone from the disk: it has to be built again. */
export const forgetArtifact = async (query: Query, tenant: string, artifact: string): Promise<void> => {
  await query`delete from builds where tenant = ${tenant} and artifact = ${artifact}`;
};
