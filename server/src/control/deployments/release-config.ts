// The configuration of a release: what was asked for with the deployment stands over slip.toml. Pure.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { sandboxFor } from "./sandbox-floor.ts";

interface Wishes {
  sandbox?: SandboxKind | undefined;
  instances?: number | undefined;
}

/** Throws `sandbox_below_floor`. */
export const releaseConfig = (config: AppConfig, request: Wishes, floor: SandboxKind | undefined): AppConfig => {
  const { instances } = request;
  const sandbox = sandboxFor({ asked: request.sandbox, written: config.run?.sandbox, floor });
  const asked = { ...(sandbox === undefined ? {} : { sandbox }), ...(instances === undefined ? {} : { instances }) };
  return Object.keys(asked).length === 0 ? config : { ...config, run: { ...config.run, ...asked } };
};
