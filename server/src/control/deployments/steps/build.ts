// Phases "build" and "admit": the artifact, made or found, and the release that it becomes.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { newId } from "#platform/ids.ts";
import { type ArtifactRow, builtArtifact, forgetArtifact, inputDigest, saveBuild } from "../../builds/build-store.ts";
import { createRelease, type NewRelease } from "../../releases/release-store.ts";
import { openSecrets, secretVersions } from "../../secrets/secret-store.ts";
import { tagsOf } from "../deployment.ts";
import { saveFacts } from "../deployment-store.ts";
import { patiently } from "../patience.ts";
import { releaseConfig } from "../release-config.ts";
import type { Run } from "../run.ts";
import { expectGranted } from "./granted.ts";
import { DeploymentCancelled, DeploymentFailed, type Step } from "./step.ts";

const buildSecrets = async ({ control, row }: Run): Promise<Record<string, number>> => {
  const names = row.config?.build?.secrets ?? [];
  if (names.length === 0) return {};
  const versions = await secretVersions(control.database, row.appId);
  return Object.fromEntries(
    names.map((name) => {
      const version = versions[name];
      if (version === undefined)
        throw new SlipError("invalid_config", `slip.toml asks for the secret ${name} in the build, which the app does not have.`, {
          file: "slip.toml",
          next: `Set it with 'slip secrets set ${row.app} ${name} --stage', then deploy again.`,
        });
      return [name, version];
    }),
  );
};

/** The host's folder need not be open to this process: only a clear "there is no such file" counts as gone. */
const isGone = (path: string): boolean => {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
};

/** An artifact of before, while it is still on the disk. */
const reusable = async ({ control, row }: Run, input: string): Promise<ArtifactRow | undefined> => {
  const found = await builtArtifact(control.database, row.tenant, input);
  if (found === undefined || !isGone(join(control.home.oci, "blobs", found.artifact.replace(":", "/")))) return found;
  await forgetArtifact(control.database, row.tenant, found.artifact);
  return undefined;
};

/** What whoever deploys it is told at its end, however it ends. */
const note = async (run: Run, notes: string[]): Promise<void> => {
  if (notes.length === 0) return;
  run.learn({ notes });
  await saveFacts(run.control.progress, run.row.id, { notes });
};

const build = async (run: Run, of: { source: string; config: AppConfig; input: string; versions: Record<string, number> }): Promise<ArtifactRow> => {
  const { control, row, signal } = run;
  const secrets = await openSecrets(control.database, control.sealing, row, of.versions);
  const spec = { id: row.id, tags: tagsOf(row), source: of.source, config: of.config, secrets, ...(row.grantId === null ? {} : { account: row.grantId }) };
  const stop = (): void => void control.host.cancelBuild({ id: row.id }).catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const result = await patiently(signal, () => control.host.build(spec, { signal }));
    if (result.outcome === "cancelled") throw new DeploymentCancelled();
    await note(run, result.notes);
    if (result.outcome === "failed") throw new DeploymentFailed(result.failure);
    await saveBuild(control.progress, { id: newId("bld"), tenant: row.tenant, input: of.input, result });
    return { artifact: result.artifact, sizeBytes: result.sizeBytes, notes: result.notes };
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

/** The release, stored; it can be made again where a power cut takes it. */
export const makeRelease = async (run: Run, of: Pick<NewRelease, "artifact" | "config" | "source" | "commit">): Promise<void> => {
  const { control, row } = run;
  const release = await createRelease(control.progress, { id: newId("rel"), appId: row.appId, ...of, deployment: row.id });
  run.release = release;
  run.learn({ releaseId: release.id, release: release.number, artifact: release.artifact, source: release.source, commit: release.commit });
};

export const buildArtifact: Step = async (run) => {
  const { row } = run;
  run.enter("build");
  if (row.releaseId !== null) return;
  const { source, config } = row;
  if (source === null || config === null) throw new SlipError("internal", "The build has no source.");
  const ofRelease = releaseConfig(config, row.request, run.control.sandboxFloor);
  await expectGranted(run, { source, config: ofRelease });
  const versions = await buildSecrets(run);
  const input = inputDigest({ source, package: config.build?.package, secretVersions: versions });
  const found = await reusable(run, input);
  if (found) await note(run, found.notes);
  const { artifact, sizeBytes } = found ?? (await build(run, { source, config, input, versions }));
  run.enter("admit");
  if (sizeBytes > limit("imageBytes")) throw new SlipError("image_too_large", `The artifact has ${sizeBytes} bytes; ${limit("imageBytes")} are allowed.`);
  await makeRelease(run, { artifact, config: ofRelease, source, commit: row.commit });
};
