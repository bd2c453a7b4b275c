// slip.toml of a source that was fetched, against the grant of who asked: what is more than that asks a person.
import { createHash } from "node:crypto";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import { whyOf } from "../../access/beyond.ts";
import { beyondCaps, settingsWithin, wishedBy } from "../../access/caps.ts";
import type { DeploymentRow } from "../deployment.ts";
import type { Run } from "../run.ts";

/** What is asked for instead: just what was fetched, whatever its branch has become when a person decides. */
const askedInstead = ({ app, commit, request }: DeploymentRow, digest: Digest, folder: string | undefined): ParsedInputOf<"deployments.create"> => {
  const { source: origin, domain, sandbox, instances } = request;
  const ref = origin?.kind === "git" ? origin.ref : undefined;
  const about = { ...(commit === null ? {} : { commit }), ...(ref === undefined ? {} : { ref }), ...(folder === undefined ? {} : { package: folder }) };
  const source = { kind: "tree" as const, digest, ...about };
  return { app, source, ...(domain && { domain }), ...(sandbox && { sandbox }), ...(instances && { instances }) };
};

/**
 * Returns where the release is within the grant, or where a person has approved just this source since it was last asked for. Else throws
 * `approval_needed`: once it is approved, the platform deploys what was fetched as a deployment of its own, so that this one keeps nobody
 * waiting. Throws `approval_denied` where a person has said no.
 */
export const expectGranted = async ({ control, row }: Run, { source, config }: { source: Digest; config: AppConfig }): Promise<void> => {
  const { tenant, grantId, request } = row;
  const beyond = beyondCaps(request.caps, wishedBy(config));
  if (beyond.length === 0) return;
  const { asker } = request;
  if (grantId === null || asker === undefined) throw new SlipError("forbidden", whyOf(beyond), { file: "slip.toml" });
  const input = askedInstead(row, source, config.build?.package);
  const requestSha256 = createHash("sha256").update(JSON.stringify(input)).digest();
  const needed = { name: "deployments.create" as const, input, beyond, requestSha256 };
  try {
    await control.approvals.expect(control, { ...asker, tenant, grantId, idempotencyKey: row.id }, needed);
  } catch (error) {
    if (!(error instanceof SlipError) || error.code !== "approval_needed") throw error;
    const { approval } = error.details;
    const next = [...error.nextActions, `Or set ${settingsWithin(beyond)} or less in slip.toml, then deploy again.`];
    throw new SlipError(error.code, error.message, { file: "slip.toml", next, ...(approval && { approval }) });
  }
};
