// What commands on approvals say in the end.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { ExitCode, Invocation } from "../../command.ts";
import { safeText } from "../../terminal/text.ts";
import { say } from "./say.ts";

export type Approval = OutputOf<"approvals.get">;
const waitMs = 60_000;

export const showApproval = ({ screen }: Invocation, approval: Approval): void => {
  const rows = [
    ["approval", approval.approval],
    ["state", approval.state],
    ["operation", approval.operation],
    ["app", approval.app ?? "–"],
    ["input", JSON.stringify(approval.input)],
    ["asked by", approval.askedBy],
    ["why", approval.why],
    ...(approval.approvedBefore ?? []).map(({ by, beyond }) => ["before", `${by} approved ${beyond.map(({ kind }) => kind).join(", ")}`]),
    ["decided by", approval.decidedBy ?? "–"],
    ...(approval.continuedBy === undefined ? [] : [["goes on as", approval.continuedBy]]),
    ["ends", approval.expiresAt],
    ...(approval.failure === undefined ? [] : [["failure", `${approval.failure.message} (${approval.failure.code})`]]),
  ];
  for (const [name = "", value = ""] of rows)
    screen.print(screen.terminal ? `${screen.colours.bold(name.padEnd(10))} ${safeText(value)}` : `${name}\t${value.replace(/[\t\r\n]/g, " ")}`);
};

/** Waits, however long it takes, in turns that a connection outlives. One that was continued has ended. */
export const ended = async ({ session }: Invocation, approval: string): Promise<Approval> => {
  for (;;) {
    const now = await session.call("approvals.wait", { approval, timeoutMs: waitMs });
    if (now.state !== "pending" && now.state !== "approved") return now;
  }
};

export const tellApproval = (call: Invocation, approval: Approval): ExitCode => {
  if (call.screen.json) call.screen.data(approval);
  else showApproval(call, approval);
  if (approval.state === "denied" || approval.state === "expired") return 3;
  if (approval.state === "continued") return 2;
  return approval.state === "failed" ? 1 : 0;
};

export const approvalOutcomes = {
  "approvals.approve": async (call: Invocation, { approval }: Approval) => tellApproval(call, await ended(call, approval)),
  "approvals.deny": (call: Invocation, approval: Approval) => say(call, approval, `${approval.approval} was denied`),
} as const;
