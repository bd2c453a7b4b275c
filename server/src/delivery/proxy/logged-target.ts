// What a line of the access log says of a request's target: an edge knows no secret, so it goes by the names under which they are sent.

/** Parameters whose name is one of these, or ends with one: access_token, X-Amz-Signature, apiKey, user[password]. */
const secretNames = "token|secret|passw(?:or)?d|passphrase|pwd|signature|sig|key|credentials?|jwt|auth(?:orization)?|session(?:id)?";
const secretParameter = new RegExp(`([?&;](?:[\\w.~[\\]-]|%[0-9a-f]{2})*?(?:${secretNames})(?:\\]|%5d)?=)[^&;#]+`, "gi");

/** The target without the values of such parameters. Pure. */
export const loggedTarget = (target: string): string => (target.includes("?") ? target.replace(secretParameter, "$1[redacted]") : target);
