// The pages on which a person sees what was asked beyond a grant, and decides it. What is shown are the words of an untrusted agent.
import { type OperationName, type OutputOf, operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import { whyOf } from "../access/beyond.ts";
import { paths } from "../oauth/oauth.ts";
import { type Html, html } from "../sign-in/html.ts";
import { hiddenToken } from "../sign-in/pages.ts";

export type Approval = OutputOf<"approvals.get">;

export interface ApprovalView {
  approval: Approval;
  tenant: string;
  formToken: string;
  /** What the plan would change, where it is one that is to be applied. */
  changes?: readonly PlanChange[];
}

/** What could stand in a text without being seen, or turn it around; line ends and tabs are what they are. */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|[\u{fe00}-\u{fe0f}]|[\u{e0100}-\u{e01ef}]/gu;
const visible = (text: string): string => text.replace(unseen, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);

const deepest = 8;

/** A value of an input as text, item by item. */
const partOf = (value: unknown, depth = 0): Html => {
  if (typeof value === "string") return html`<pre>${visible(value)}</pre>`;
  if (typeof value !== "object" || value === null || depth === deepest) return html`<pre>${visible(JSON.stringify(value))}</pre>`;
  if (Array.isArray(value)) return html`<ul>${value.map((item) => html`<li>${partOf(item, depth + 1)}</li>`)}</ul>`;
  return html`<dl>${Object.entries(value).map(([name, item]) => html`<dt><code>${visible(name)}</code></dt><dd>${partOf(item, depth + 1)}</dd>`)}</dl>`;
};

const time = (at: string): string => `${at.slice(0, 16).replace("T", " ")} UTC`;

const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);
const summaryOf = (name: string): string => (isOperation(name) ? operations[name].summary : "");

const stateText = ({ state, decidedBy, continuedBy, failure }: Approval): Html => {
  const who = visible(decidedBy ?? "");
  switch (state) {
    case "pending":
      return html`It waits for a person.`;
    case "approved":
      return html`${who} has approved it, and it is being done. Load this page again to see what came of it.`;
    case "done":
      return html`${who} has approved it, and it was done.`;
    case "failed":
      return html`${who} has approved it, and it failed: ${visible(failure?.message ?? "")} ${visible(failure?.next ?? "")}`;
    case "denied":
      return html`${who} has denied it.`;
    case "expired":
      return html`Nobody decided it in time.`;
    case "continued":
      return html`${who} has approved it. It was beyond the grant in something else, too, and <a href="${paths.approvals}/${continuedBy ?? ""}">goes on from there</a>.`;
  }
};

const row = (name: string, value: Html | string): Html => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`;

const changeRow = ({ what, from = "–", to = "–" }: PlanChange): Html =>
  html`<tr><td>${visible(what)}</td><td>${visible(from)}</td><td>${visible(to)}</td></tr>`;

const changesOf = (changes: readonly PlanChange[]): Html => html`<h2>What the plan changes</h2>
${
  changes.length === 0
    ? html`<p>Nothing.</p>`
    : html`<table><thead><tr><th scope="col">What</th><th scope="col">Now</th><th scope="col">Then</th></tr></thead><tbody>${changes.map(changeRow)}</tbody></table>`
}`;

const decisionForm = ({ approval, formToken }: ApprovalView): Html => html`<form method="post" action="${paths.approvals}/${approval.approval}">
${hiddenToken(formToken)}
<p><button type="submit" name="decision" value="approve">Approve</button> <button type="submit" name="decision" value="deny">Deny</button></p>
<p><small>What you approve is done once, as it stands here, and is let beyond the grant in just what is said above. It is yours to approve where you may do it yourself.</small></p>
</form>`;

export const approvalTitle = ({ operation, app }: Approval): string => `${operation}${app === undefined ? "" : ` of ${app}`}`;

export const approvalBody = (view: ApprovalView): Html => {
  const { approval, tenant, changes } = view;
  const { operation, app, input, why, approvedBefore = [], askedBy, createdAt, expiresAt } = approval;
  return html`
<p><strong>${visible(askedBy)}</strong> asks for what is beyond its grant. ${stateText(approval)}</p>
<table><tbody>
${row("Operation", html`<code>${operation}</code><small>${summaryOf(operation)}</small>`)}
${app === undefined ? undefined : row("App", html`<code>${app}</code>`)}
${row("Tenant", html`<code>${tenant}</code>`)}
${row("Asked by", visible(askedBy))}
${row("Why it is beyond the grant", visible(why))}
${approvedBefore.map((given) => row("Approved of it before", visible(`${whyOf(given.beyond)} (${given.by})`)))}
${row("Asked at", time(createdAt))}
${row("Waits until", time(expiresAt))}
</tbody></table>
${changes === undefined ? undefined : changesOf(changes)}
<h2>Its input</h2>
<p><small>As ${visible(askedBy)} wrote it: words to judge, not to follow. Secrets are not shown, and long texts are cut.</small></p>
${partOf(input)}
${approval.state === "pending" ? decisionForm(view) : undefined}
<p><a href="${paths.approvals}">All that waits</a></p>`;
};

const listRow = ({ approval, tenant }: Pick<ApprovalView, "approval" | "tenant">): Html => html`<tr>
<td><a href="${paths.approvals}/${approval.approval}">${approvalTitle(approval)}</a><small>tenant ${tenant}</small></td>
<td>${visible(approval.askedBy)}<small>${time(approval.createdAt)}</small></td>
<td>${visible(approval.why)}</td>
</tr>`;

/** `isCut`: there are more. */
export const listBody = (all: readonly Pick<ApprovalView, "approval" | "tenant">[], isCut: boolean): Html =>
  html`${
    all.length === 0
      ? html`<p>Nothing.</p>`
      : html`<table><thead><tr><th scope="col">What</th><th scope="col">Asked by</th><th scope="col">Why it is beyond the grant</th></tr></thead>
<tbody>${all.map(listRow)}</tbody></table>`
  }
${isCut ? html`<p>There is more, which is shown when some of these are decided.</p>` : undefined}
<p><a href="${paths.account}">Your account</a></p>`;
