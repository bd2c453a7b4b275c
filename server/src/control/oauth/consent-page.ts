// The page on which a person says what a program may do for them, in plain words.
import type { Verb } from "@slipstream/contract/access.ts";
import type { Client } from "oidc-provider";
import { type Html, html } from "../sign-in/html.ts";
import { hiddenToken } from "../sign-in/pages.ts";
import { daysOffered, type Offer, usualLimits } from "./consent.ts";
import { paths, usualScopes } from "./oauth.ts";

export interface ConsentView {
  uid: string;
  client: Client;
  redirectUri: string;
  /** How the person is called. */
  person: string;
  tenant: string;
  tenants: readonly string[];
  offer: Offer;
  formToken: string;
  wrong?: string;
}

const words: Readonly<Record<Verb, string>> = {
  read: "See apps, deployments, logs and settings (never the values of secrets)",
  deploy: "Deploy apps, roll them back, run commands of them",
  configure: "Change variables, secrets, domains and how many instances run",
  destroy: "Destroy apps and what belongs to them",
  administer: "Change who has access",
};

const who = ({ client }: ConsentView): string => client.clientName ?? client.clientId;

/** Where its name comes from decides how much it is worth. */
const origin = ({ client, redirectUri }: ConsentView): Html => {
  const address = URL.parse(redirectUri);
  const isLocal = address?.protocol !== "https:";
  return html`<p>${
    client.clientIdMetadataDocument
      ? html`It is described at <code>${client.clientId}</code>, and is as trustworthy as who runs that site.`
      : html`It calls itself so; nobody has checked the name.`
  } ${isLocal ? html`The answer goes to a program on <strong>your own machine</strong>: go on only if you have just started it.` : html`The answer goes to <strong>${address?.host}</strong>.`}</p>`;
};

const box = (name: string, value: string, label: Html | string, isTicked: boolean): Html =>
  html`<label><input type="checkbox" name="${name}" value="${value}"${isTicked ? html` checked` : html``}> ${label}</label>`;

const number = (name: string, label: string, usual: number): Html =>
  html`<label for="${name}">${label}</label><input id="${name}" name="${name}" type="number" min="0" max="1000000" value="${usual}">`;

const verbFields = ({ offer }: ConsentView): Html => html`<fieldset><legend>What it may do</legend>
${offer.verbs.map((verb) => box("verb", verb, words[verb], usualScopes.includes(verb)))}
<small>What goes beyond this it can ask you for, each time.</small></fieldset>`;

const placeFields = ({ offer }: ConsentView): Html => html`<fieldset><legend>Where</legend>
${offer.projects.map((project, index) => box("project", project, html`Project <strong>${project}</strong>`, index === 0))}
${box("allProjects", "yes", "All projects, and those to come", false)}
<p>${offer.environments.map((environment) => box("environment", environment, html`Environment <strong>${environment}</strong>`, true))}</p>
<label for="namePrefix">Only apps whose name begins with (empty: any)</label><input id="namePrefix" name="namePrefix" maxlength="39" autocapitalize="none" spellcheck="false">
</fieldset>`;

const limitFields: Html = html`<fieldset><legend>At most (empty: no such limit)</legend>
${number("apps", "Apps", usualLimits.apps)}
${number("instances", "Instances of an app", usualLimits.instances)}
${number("memoryMiB", "Memory of an instance, in MiB", usualLimits.memoryMiB)}
${number("builds", "Deployments with a build, in all", usualLimits.builds)}
${number("cpuMinutes", "CPU minutes of all that runs for it", usualLimits.cpuMinutes)}
</fieldset>`;

const timeFields: Html = html`<label for="days">For</label><select id="days" name="days">
${daysOffered.map((days) => html`<option value="${days}">${days === 1 ? "1 day" : `${days} days`}</option>`)}</select>`;

const tenantLinks = ({ tenant, tenants, uid }: ConsentView): Html =>
  tenants.length < 2
    ? html``
    : html`<p>In tenant <strong>${tenant}</strong>. Or in ${tenants
        .filter((other) => other !== tenant)
        .map((other) => html`<a href="${paths.consent}/${uid}?tenant=${encodeURIComponent(other)}">${other}</a> `)}</p>`;

export const consentTitle = (view: ConsentView): string => `Let ${who(view)} act for you?`;

export const consentBody = (view: ConsentView): Html => html`
${view.wrong === undefined ? html`` : html`<p class="wrong" role="alert">${view.wrong}</p>`}
<p><strong>${who(view)}</strong> asks to use Slipstream in the name of <strong>${view.person}</strong>.</p>
${origin(view)}
${tenantLinks(view)}
<form method="post" action="${paths.consent}/${view.uid}">
${hiddenToken(view.formToken)}
<input type="hidden" name="tenant" value="${view.tenant}">
${verbFields(view)}
${placeFields(view)}
${limitFields}
${timeFields}
<p><button type="submit" name="decision" value="allow">Allow</button> <button type="submit" name="decision" value="refuse" formnovalidate>Refuse</button></p>
<p><small>You can end this at any time on <a href="${paths.account}">your account</a>, or with <code>slip connections revoke</code>.</small></p>
</form>`;
