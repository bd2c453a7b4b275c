// Why nothing undoes some operations, in the words of the journal. Others say it themselves where it depends on the case.
import type { OperationName } from "@slipstream/contract/operations/registry.ts";

const reasons: Partial<Record<OperationName, string>> = {
  "apps.run": "What a command has done is known to nobody but the app.",
  "apps.restart": "A restart changes nothing that could be put back.",
  "deployments.cancel": "What was cancelled is not taken up again; deploy the source anew.",
  "keys.rotate": "The key of before was removed when nothing was sealed with it any more.",
  "token.rotate": "A token that was replaced must not come back; whoever had it could use it again.",
  "webhooks.remove": "Its signing secret went with it; add it anew.",
  "webhooks.rotate": "A signing secret that was replaced must not come back; whoever had it could sign with it.",
  "webhooks.test": "What was sent cannot be taken back.",
  "webhooks.redeliver": "What was sent cannot be taken back.",
  "platform.audit": "It brings the platform to what the database says, and changes nothing that was asked for.",
};

export const whyNot = (operation: string): string => (reasons as Record<string, string | undefined>)[operation] ?? `Nothing undoes ${operation}.`;
