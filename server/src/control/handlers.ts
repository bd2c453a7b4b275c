// The handlers of all operations. The type asks for each: an operation without a handler does not compile.
import { accessOperations } from "./access/access-operations.ts";
import { memberOperations } from "./access/member-operations.ts";
import { tokenOperations } from "./access/token-operations.ts";
import type { Handlers, Perform } from "./api/call.ts";
import { approvalOperations } from "./approvals/approval-operations.ts";
import { appOperations } from "./apps/app-operations.ts";
import { auditOperations } from "./audit/audit-operations.ts";
import type { Control } from "./control.ts";
import { deploymentOperations } from "./deployments/deployment-operations.ts";
import { domainOperations } from "./domains/domain-operations.ts";
import { envOperations } from "./env/env-operations.ts";
import { journalOperations } from "./journal/journal-operations.ts";
import { keyOperations } from "./keys/key-operations.ts";
import { logOperations } from "./logs/log-operations.ts";
import { connectionOperations } from "./oauth/connection-operations.ts";
import { planOperations } from "./plans/plan-operations.ts";
import { platformOperations } from "./platform/platform-operations.ts";
import { projectOperations } from "./projects/project-operations.ts";
import { releaseOperations } from "./releases/release-operations.ts";
import { secretOperations } from "./secrets/secret-operations.ts";
import { signInOperations } from "./sign-in/sign-in-operations.ts";
import { sourceOperations } from "./sources/source-operations.ts";
import type { SourceStore } from "./sources/source-store.ts";
import { webhookOperations } from "./webhooks/webhook-operations.ts";

export const handlersOf = (control: Control, sources: SourceStore, perform: Perform): Handlers => ({
  ...appOperations(control),
  ...sourceOperations(control, sources),
  ...deploymentOperations(control, sources),
  ...releaseOperations(control),
  ...secretOperations(control),
  ...envOperations(control),
  ...domainOperations(control),
  ...accessOperations(control),
  ...signInOperations(control),
  ...connectionOperations(control),
  ...tokenOperations(control),
  ...memberOperations(control),
  ...approvalOperations(control, sources),
  ...projectOperations(control),
  ...keyOperations(control),
  ...planOperations(control, sources, perform),
  ...platformOperations(control),
  ...auditOperations(control),
  ...logOperations(control),
  ...webhookOperations(control),
  ...journalOperations(control, perform),
});
