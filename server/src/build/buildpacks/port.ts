// The port that an app is told to listen on when it does not say one.
import type { AppConfig } from "@slipstream/contract/config.ts";

export const portOf = (config: AppConfig): number => config.run?.port ?? 3_000;
