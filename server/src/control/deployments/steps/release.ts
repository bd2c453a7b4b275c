// The release of a deployment: read once.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ReleaseRow } from "../../releases/release.ts";
import { releaseOf } from "../../releases/release-store.ts";
import type { Run } from "../run.ts";

export const releaseOfRun = async (run: Run): Promise<ReleaseRow> => {
  const { releaseId } = run.row;
  if (run.release?.id === releaseId && run.release) return run.release;
  const release = releaseId === null ? undefined : await releaseOf(run.control.database, releaseId);
  if (!release) throw new SlipError("internal", "The release is not there.");
  run.release = release;
  return release;
};
