// slip.toml of a source that is here before its deployment is made; only the host can read it.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { stillBeyond } from "../access/beyond.ts";
import { BeyondGrant } from "../access/beyond-grant.ts";
import { beyondCaps, capsOf, isBounded, wishedBy } from "../access/caps.ts";
import type { Call } from "../api/call.ts";
import type { Control } from "../control.ts";
import type { KeptOrigin } from "./deployment.ts";
import { patiently } from "./patience.ts";

type Tree = Extract<KeptOrigin, { kind: "tree" }>;

/** Undefined for one that is wrong: the deployment itself reports that. */
export const readConfig = async (
  control: Pick<Control, "host">,
  call: Call,
  { digest, package: folder }: Pick<Tree, "digest" | "package">,
): Promise<AppConfig | undefined> => {
  const wanted = { id: call.requestId, tenant: call.tenant, source: digest, ...(folder === undefined ? {} : { package: folder }) };
  try {
    const { config } = await patiently(call.signal, () => control.host.readConfig(wanted, { signal: call.signal }));
    return config;
  } catch (error) {
    if (error instanceof SlipError && error.code === "invalid_config") return undefined;
    throw error;
  }
};

/** Where somebody's grant bounds what they may ask for in slip.toml, it is read now. A git source is not here yet. */
export const boundedConfig = async (control: Pick<Control, "host">, call: Call, source: KeptOrigin): Promise<AppConfig | undefined> =>
  source.kind === "git" || !isBounded(capsOf(call.token.grant)) ? undefined : readConfig(control, call, source);

/** Throws `BeyondGrant` where slip.toml, or that of a release, asks for more than the caller's grant allows, and a person has approved. `input` is what is done once that is approved. */
export const expectWithinGrant = ({ token, approved }: Call, config: AppConfig, input: { instances?: number | undefined; app: string; to?: number }): void => {
  const beyond = stillBeyond(beyondCaps(capsOf(token.grant), wishedBy(config, input.instances)), approved?.lifts);
  if (beyond.length > 0) throw new BeyondGrant(beyond, input);
};
