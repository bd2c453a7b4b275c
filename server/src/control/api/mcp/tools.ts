// The tools, in the order in which an agent reads them. Few: each one costs every agent room for its own thoughts.
import type { Tool } from "./tool.ts";
import { approvals } from "./tools/approvals.ts";
import { destroy, restart, runCommand, scale, status } from "./tools/apps.ts";
import { cancel, deploy, deploySnippet, wait } from "./tools/deployments.ts";
import { journal, undo } from "./tools/journal.ts";
import { explainFailure, logs } from "./tools/logs.ts";
import { apply, planOf } from "./tools/plans.ts";
import { releases, rollback } from "./tools/releases.ts";
import { domains, setConfig } from "./tools/settings.ts";

const doing: readonly Tool[] = [deploy, deploySnippet, cancel, rollback, restart, scale, setConfig, domains, runCommand, undo, destroy];

export const tools: readonly Tool[] = [
  deploy,
  deploySnippet,
  wait,
  cancel,
  status,
  explainFailure,
  logs,
  releases,
  rollback,
  restart,
  scale,
  setConfig,
  domains,
  runCommand,
  planOf(doing),
  apply,
  journal,
  approvals,
  undo,
  destroy,
];
