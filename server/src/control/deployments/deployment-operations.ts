import { setTimeout as sleep } from "node:timers/promises";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import { saysConfig } from "@slipstream/contract/source.ts";
import { AppName } from "@slipstream/contract/words.ts";
import { type Caps, capsOf, isBounded } from "../access/caps.ts";
import type { Call, Handlers } from "../api/call.ts";
import { type AppRow, appNamed, expectDestroyed, findApp, isNameFree } from "../apps/app-store.ts";
import { newName } from "../apps/new-name.ts";
import type { Control } from "../control.ts";
import { checkDomain } from "../domains/domain.ts";
import { journal } from "../journal/journal-store.ts";
import type { SourceStore } from "../sources/source-store.ts";
import { askToCancel, tellCancelled } from "./cancel.ts";
import { createDeployment, type Undo } from "./create.ts";
import {
  type DeploymentAsker,
  type DeploymentRequest,
  type DeploymentRow,
  hasEndedAlready,
  isOpen,
  type KeptOrigin,
  nameFrom,
  noDeployment,
  toDeployment,
} from "./deployment.ts";
import { appOfOrigin, deploymentIn, deploymentsOfApp } from "./deployment-store.ts";
import { type KeptSource, keepSource } from "./given-source.ts";
import { boundedConfig, expectWithinGrant, readConfig } from "./source-config.ts";
import { untilEnded, watch } from "./watch.ts";

type CreateInput = ParsedInputOf<"deployments.create">;

/** A cancelled deployment has ended within this time; the answer does not wait longer. */
const cancelMs = 5_000;
const lookAgainMs = 50;

const find = async ({ database }: Control, call: Call, id: string): Promise<DeploymentRow> => {
  const row = await deploymentIn(database, call.tenant, id);
  if (!row) throw noDeployment(id);
  return row;
};

/** The longest name that an app can have. */
const nameLength = 40;

interface Chosen {
  app: string;
  isSuggested: boolean;
  config?: AppConfig | undefined;
}

/** A name that no app has, which begins as it has to. That two ask for the same one at the same time is as good as impossible. */
const unnamed = async ({ database }: Control, prefix = ""): Promise<string> => {
  for (;;) {
    const name =
      prefix +
      newName()
        .slice(prefix.length - nameLength)
        .replace(/^-+/, "");
    if (await isNameFree(database, name)) return name;
  }
};

/** A git source has not been fetched yet: it goes to the app that it went to before, else slip.toml is read on the way. */
export const chooseName = async (control: Control, call: Call, input: CreateInput, kept: KeptSource & Pick<Chosen, "config">): Promise<Chosen> => {
  const app = input.app ?? kept.app;
  if (app !== undefined) return { app, isSuggested: false, config: kept.config };
  const { source } = kept;
  const { grant } = call.token;
  // What slip.toml says may be outside of what the grant covers.
  if (grant !== undefined) return { app: await unnamed(control, grant.namePrefix), isSuggested: false, config: kept.config };
  const config = source.kind === "tree" ? (kept.config ?? (await readConfig(control, call, source))) : undefined;
  const known = source.kind === "git" ? await appOfOrigin(control.database, call.tenant, source) : config?.name;
  const isGiven = input.source.kind === "files" || input.source.kind === "snippet";
  const name = known ?? nameFrom(input.suggestedName ?? "") ?? (isGiven ? await unnamed(control) : undefined);
  if (name === undefined) throw new SlipError("invalid_input", "The app has no name.", { next: "Name it with --app, or with 'name' in slip.toml." });
  return { app: AppName.parse(name), isSuggested: source.kind === "git", config };
};

/** Of a git source slip.toml is known once it is fetched. */
const askerOf = ({ actor, token: { person, giverVerbs } }: Call, source: KeptOrigin, caps: Caps | undefined): DeploymentAsker | undefined =>
  source.kind === "git" && isBounded(caps) ? { actor, person, giverVerbs } : undefined;

const requestOf = (call: Call, { domain, sandbox, instances }: CreateInput, source: KeptOrigin, isSuggested: boolean): DeploymentRequest => {
  const caps = capsOf(call.token.grant, call.approved?.lifts);
  const asker = askerOf(call, source, caps);
  return {
    source,
    ...(isSuggested ? { isSuggested } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(instances === undefined ? {} : { instances }),
    ...(caps === undefined ? {} : { caps }),
    ...(asker === undefined ? {} : { asker }),
  };
};

/** Back to the release of before; a new app goes. */
const undoOf = (app: string, before: AppRow | undefined): Undo => {
  if (before === undefined) return { inverse: { operation: "apps.destroy", input: { app } } };
  if (before.release !== null) return { inverse: { operation: "releases.rollback", input: { app, to: before.release } } };
  return { noUndo: `The app had no live release to go back to; 'slip destroy ${app}' takes it off the air.` };
};

const create = async (control: Control, store: SourceStore, call: Call, input: CreateInput) => {
  const kept = await keepSource(control, store, call, input);
  const { source } = kept;
  const manifest = source.kind === "tree" ? await store.complete(call.tenant, source.digest) : undefined;
  // What has no file that says how it is deployed need not be read for one.
  const known = source.kind === "git" || manifest === undefined || saysConfig(manifest, source.package) ? undefined : {};
  const { app, isSuggested, ...chosen } = await chooseName(control, call, input, { ...kept, config: known });
  if (input.domain !== undefined) checkDomain(input.domain, app);
  const before = await findApp(control.database, call.tenant, app);
  expectDestroyed(before, false);
  const config = chosen.config ?? (await boundedConfig(control, call, source));
  if (config) expectWithinGrant(call, config, { ...input, app });
  return createDeployment(control, call, {
    app,
    project: input.project,
    kind: "deploy",
    request: requestOf(call, input, source, isSuggested),
    source: source.kind === "tree" ? source.digest : undefined,
    commit: source.kind === "tree" ? source.commit : undefined,
    config,
    operation: "deployments.create",
    input: { ...input, app, source: kept.journaled },
    ...undoOf(app, before),
  });
};

const cancel = async (control: Control, call: Call, id: string): Promise<DeploymentRow> => {
  const row = await find(control, call, id);
  if (!call.claim?.isMade)
    await control.database.begin(async (query) => {
      await call.expects?.check(query, { app: row.appId });
      await journal(query, call, { operation: "deployments.cancel", app: row.app, input: { deployment: id } });
      if ((await askToCancel(query, control.installation, row)) === undefined) throw hasEndedAlready(row);
    });
  tellCancelled(control, [id]);
  const until = performance.now() + cancelMs;
  for (;;) {
    const now = await find(control, call, id);
    if (!isOpen(now.state) || performance.now() > until) return now;
    await sleep(lookAgainMs);
  }
};

type DeploymentNames = "deployments.create" | "deployments.get" | "deployments.watch" | "deployments.wait" | "deployments.list" | "deployments.cancel";

export const deploymentOperations = (control: Control, store: SourceStore): Pick<Handlers, DeploymentNames> => ({
  "deployments.create": (input, call) => create(control, store, call, input),

  async "deployments.get"({ deployment }, call) {
    return toDeployment(await find(control, call, deployment), control.installation);
  },

  async "deployments.watch"({ deployment }, call) {
    const lines = await watch(control, { id: deployment, tenant: call.tenant }, call.signal);
    if (!lines) throw noDeployment(deployment);
    return lines;
  },

  async "deployments.wait"({ deployment, timeoutMs }, call) {
    const last = await untilEnded(control, { id: deployment, tenant: call.tenant, timeoutMs }, call.signal);
    if (!last) throw noDeployment(deployment);
    return last;
  },

  async "deployments.list"({ app, ...page }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { deployments: (await deploymentsOfApp(control.database, id, page)).map((row) => toDeployment(row, control.installation)) };
  },

  async "deployments.cancel"({ deployment }, call) {
    return toDeployment(await cancel(control, call, deployment), control.installation);
  },
});
