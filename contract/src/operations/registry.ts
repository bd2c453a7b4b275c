// Every operation. A new capability is one entry here and one handler in server/src/control.
import type { z } from "zod";
import { access, members, tokens } from "./access.ts";
import { approvals } from "./approvals.ts";
import { apps } from "./apps.ts";
import { deployments, releases, sources } from "./deployments.ts";
import { journal } from "./journal.ts";
import { keys } from "./keys.ts";
import { plans } from "./plans.ts";
import { platform } from "./platform.ts";
import { projects } from "./projects.ts";
import { domains, env, secrets } from "./settings.ts";
import { signIn } from "./sign-in.ts";
import { webhooks } from "./webhooks.ts";

export const operations = {
  ...apps,
  ...sources,
  ...deployments,
  ...releases,
  ...secrets,
  ...env,
  ...domains,
  ...keys,
  ...access,
  ...signIn,
  ...webhooks,
  ...plans,
  ...tokens,
  ...members,
  ...approvals,
  ...projects,
  ...platform,
  ...journal,
} as const;
export type OperationName = keyof typeof operations;
/** What a client sends. */
export type InputOf<N extends OperationName> = z.input<(typeof operations)[N]["input"]>;
/** What a handler gets: parsed, with defaults. */
export type ParsedInputOf<N extends OperationName> = z.output<(typeof operations)[N]["input"]>;
export type OutputOf<N extends OperationName> = z.output<(typeof operations)[N]["output"]>;
