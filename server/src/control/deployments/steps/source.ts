// Phase "source": what is deployed, by digest, with its configuration.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { GitFetched } from "@slipstream/contract/ports/host.ts";
import type { SourceOrigin } from "@slipstream/contract/words.ts";
import { tellRenamed } from "../../apps/app-events.ts";
import { renameNewApp } from "../../apps/app-store.ts";
import { openSecrets, secretVersions } from "../../secrets/secret-store.ts";
import { tagsOf } from "../deployment.ts";
import { saveFacts } from "../deployment-store.ts";
import { patiently } from "../patience.ts";
import type { Run } from "../run.ts";
import type { Step } from "./step.ts";

type GitOrigin = Extract<SourceOrigin, { kind: "git" }>;

const gitToken = async ({ control, row }: Run, name: string): Promise<string> => {
  const { database, sealing } = control;
  const version = (await secretVersions(database, row.appId))[name];
  if (version === undefined)
    throw new SlipError("not_found", `The app has no secret ${name} for git.`, { next: `Set it with 'slip secrets set ${row.app} ${name} --stage'.` });
  const values = await openSecrets(database, sealing, row, { [name]: version });
  return values[name] ?? "";
};

const fetchGit = async (run: Run, { url, ref, subfolder, tokenSecret }: GitOrigin): Promise<GitFetched> => {
  const { control, row, signal } = run;
  const token = tokenSecret === undefined ? {} : { token: await gitToken(run, tokenSecret) };
  const wanted = {
    id: row.id,
    tenant: row.tenant,
    tags: tagsOf(run.row),
    url,
    ...(ref === undefined ? {} : { ref }),
    ...(subfolder === undefined ? {} : { subfolder }),
    ...token,
  };
  return patiently(signal, () => control.host.fetchGit(wanted, { signal }));
};

/** The name in slip.toml, for an app that this deployment made and that had none of its own. */
const takeName = async (run: Run, name: string): Promise<void> => {
  const { control, row } = run;
  const isRenamed = await control.database.begin(async (query) => {
    if (!(await renameNewApp(query, { id: row.appId, tenant: row.tenant, name }))) return false;
    await tellRenamed(query, control.installation, { appId: row.appId, before: row.app });
    return true;
  });
  if (isRenamed) run.learn({ app: name });
};

/** A tree was named when the deployment was made; a git source is fetched. Then slip.toml is read. */
export const resolveSource: Step = async (run) => {
  const { control, row, signal } = run;
  run.enter("source");
  const origin = row.request.source;
  const fetched = row.source === null && origin?.kind === "git" ? await fetchGit(run, origin) : undefined;
  if (fetched) run.learn({ source: fetched.source, commit: fetched.commit });
  const folder = origin?.kind === "tree" ? origin.package : fetched?.package;
  const { source, tenant } = run.row;
  if (source === null) throw new SlipError("source_missing");
  if (run.row.config !== null) return;
  const { config } = await patiently(signal, () =>
    control.host.readConfig({ id: row.id, tenant, source, ...(folder === undefined ? {} : { package: folder }) }, { signal }),
  );
  run.learn({ config });
  if (row.request.isSuggested === true && config.name !== undefined && config.name !== row.app) await takeName(run, config.name);
  const { commit } = run.row;
  await saveFacts(control.progress, row.id, { source, ...(commit === null ? {} : { commit }), config });
};
