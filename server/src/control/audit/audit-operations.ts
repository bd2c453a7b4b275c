import { SlipError } from "@slipstream/contract/errors.ts";
import { Turns } from "#platform/turns.ts";
import type { Call, Handlers } from "../api/call.ts";
import { firstTenant } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { audit } from "./audit.ts";

/** Throws `forbidden` for another tenant than the first. */
export const expectInstallation = ({ tenant }: Pick<Call, "tenant">): void => {
  if (tenant !== firstTenant) throw new SlipError("forbidden", "The audit is of the whole installation.");
};

export const auditOperations = (control: Control): Pick<Handlers, "platform.audit"> => {
  const turns = new Turns(1);
  return {
    async "platform.audit"({ mend }, call) {
      expectInstallation(call);
      // A look changes nothing, so it is not in the journal.
      call.journaled = !mend;
      return turns.run(() => audit(control, { mend, expects: call.expects }), { signal: call.signal });
    },
  };
};
