import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { type Approval, ended, showApproval, tellApproval } from "../plan/outcomes/approvals.ts";
import { pageOf, pageOptions, textOf } from "./options.ts";

const states = ["pending", "approved", "done", "failed", "denied", "expired", "continued"];

const list = async (call: Invocation): Promise<ExitCode> => {
  const { screen, session } = call;
  const state = textOf(call.options, "state");
  if (state !== undefined && !states.includes(state))
    throw new SlipError("usage", `There is no state "${state.slice(0, 40)}".`, { next: `Name one of ${states.join(", ")}.` });
  const answer = await session.call("approvals.list", {
    ...(state && { state: state as InputOf<"approvals.list">["state"] }),
    ...pageOf(call.options),
  });
  screen.list(answer, {
    heading: ["approval", "state", "asked by", "operation", "app", "asked", "why"],
    rows: answer.approvals.map((it) => [it.approval, it.state, it.askedBy, it.operation, it.app ?? "–", screen.time(it.createdAt), it.why]),
    empty: "Nothing was asked beyond a grant.",
  });
  return 0;
};

/** The same, and on with that by which it was continued. */
const atLast = async (call: Invocation, approval: string): Promise<Approval> => {
  const end = await ended(call, approval);
  return end.continuedBy === undefined ? end : atLast(call, end.continuedBy);
};

const showOne = async (call: Invocation): Promise<ExitCode> => {
  const approval = await call.session.call("approvals.get", { approval: first(call) });
  if (call.screen.json) call.screen.data(approval);
  else showApproval(call, approval);
  return 0;
};

const approve = (call: Invocation): Promise<number> => change(call, "approvals.approve", { approval: first(call) });
const deny = (call: Invocation): Promise<number> => change(call, "approvals.deny", { approval: first(call) });

const which = { name: "APPROVAL", summary: "its id, apv_…" };
export const approvals: Command = {
  name: "approvals",
  summary: "List what tokens ask beyond their grants, and approve or deny it.",
  options: [{ flags: "--state <STATE>", summary: "only pending, approved, done, failed, denied, expired or continued ones" }, ...pageOptions],
  examples: ["slip approvals", "slip approvals --state pending"],
  run: list,
  commands: [
    {
      name: "list",
      summary: "List them, newest first.",
      options: [{ flags: "--state <STATE>", summary: "only those in this state" }, ...pageOptions],
      examples: ["slip approvals list --json"],
      run: list,
    },
    {
      name: "show",
      summary: "Show what was asked, by whom, and why it needs a person.",
      arguments: [which],
      examples: ["slip approvals show apv_01k9…"],
      run: showOne,
    },
    {
      name: "approve",
      summary: "Let the platform do it, once; answers when it is done.",
      arguments: [which],
      options: [planOption],
      notes:
        "Owners approve what they may do themselves; others what their own tokens ask and they may do. The exit code is 1 when it failed, and 2 when it needs another approval.",
      examples: ["slip approvals approve apv_01k9…", "slip approvals approve apv_01k9… --plan"],
      run: approve,
    },
    { name: "deny", summary: "Refuse it.", arguments: [which], options: [planOption], examples: ["slip approvals deny apv_01k9…"], run: deny },
    {
      name: "wait",
      summary: "Wait until it is done, for the one who asked.",
      arguments: [which],
      notes: "Where it needs another approval, it waits for that too. The exit code is 1 when it failed, and 3 when it was denied or nobody decided in time.",
      examples: ["slip approvals wait apv_01k9… --json"],
      run: async (call) => tellApproval(call, await atLast(call, first(call))),
    },
  ],
};
