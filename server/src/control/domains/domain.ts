// Which host names an app can ask for.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { platformDomain } from "../control.ts";

/** The name of the app that has it is told to its own tenant alone. */
export const hostOfAnother = (host: string, owner: string | undefined): SlipError =>
  owner === undefined
    ? new SlipError("conflict", `The host name ${host} belongs to another app.`)
    : new SlipError("conflict", `The host name ${host} belongs to the app ${owner}, with all its paths.`, {
        next: `Choose another host name, or give this one up with 'slip domains rm ${owner} ${host}'.`,
      });

export const tooManyDomains = (): SlipError =>
  new SlipError("conflict", `The app has ${limit("domains")} host names, as many as there may be.`, { next: "Remove one with 'slip domains rm'." });

export const notRemovable = (app: string, host: string): SlipError =>
  new SlipError("not_found", `The app ${app} has no domain ${host} that can be removed.`, { next: `List them with 'slip domains list ${app}'.` });

/** Host names below the platform's domain are the apps' own names, and not to be had otherwise. */
export const checkDomain = (domain: string, app: string): void => {
  const isOurs = domain === platformDomain || domain.endsWith(`.${platformDomain}`);
  if (isOurs && domain !== `${app}.${platformDomain}`)
    throw new SlipError("invalid_input", `${domain} is not to be had: below ${platformDomain}, ${app} has ${app}.${platformDomain} alone.`);
};
