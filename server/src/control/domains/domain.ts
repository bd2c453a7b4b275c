// Which host names an app can ask for.
import { SlipError } from "@slipstream/contract/errors.ts";
import { platformDomain } from "../control.ts";

/** Host names below the platform's domain are the apps' own names, and not to be had otherwise. */
export const checkDomain = (domain: string, app: string): void => {
  const isOurs = domain === platformDomain || domain.endsWith(`.${platformDomain}`);
  if (isOurs && domain !== `${app}.${platformDomain}`)
    throw new SlipError("invalid_input", `${domain} is below ${platformDomain}, where each app has the host name of its own name.`);
};
