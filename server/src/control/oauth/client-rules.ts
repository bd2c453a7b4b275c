// Which clients may register or describe themselves in a document. Pure.
import { errors } from "oidc-provider";

/** The metadata of a client as the library reads it: what is changed here is what counts. */
export interface ClientMetadata {
  application_type?: unknown;
  redirect_uris?: unknown;
  client_name?: unknown;
}

const redirectsMax = 10;
const redirectLength = 512;
const nameLength = 80;
const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);
const controls = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/u;

const refuse = (why: string): never => {
  throw new errors.InvalidClientMetadata(why);
};

const addressIn = (text: unknown): URL => {
  const address = typeof text === "string" && text.length <= redirectLength ? URL.parse(text) : null;
  if (!address) return refuse("redirect_uris must only contain valid uris");
  if (address.username !== "" || address.password !== "") refuse("redirect_uris must not contain a user");
  return address;
};

/** A program on the person's own machine is reached by a loopback address or a scheme of its own (RFC 8252 §7). */
const isNative = ({ protocol }: URL): boolean => protocol !== "https:";

const checkRedirect = (address: URL): void => {
  if (address.protocol === "http:" && !loopback.has(address.hostname)) refuse("redirect_uris must use https, but for loopback addresses");
  if (address.protocol === "https:" && loopback.has(address.hostname)) refuse("redirect_uris to a loopback address must use http");
};

const checkName = (name: unknown): void => {
  if (name === undefined) return;
  if (typeof name !== "string" || name.length > nameLength || controls.test(name)) refuse(`client_name must be at most ${nameLength} printable characters`);
};

/**
 * Throws for what a client must not be. One with an address on the person's machine becomes native, whatever it says: the port of
 * a loopback address is then free (RFC 8252 §7.3), as programs need it.
 */
export const checkClient = (metadata: ClientMetadata): void => {
  checkName(metadata.client_name);
  const { redirect_uris: redirects } = metadata;
  const isList = Array.isArray(redirects) && redirects.length > 0 && redirects.length <= redirectsMax;
  const addresses = isList ? redirects.map(addressIn) : refuse(`redirect_uris must contain 1–${redirectsMax} members`);
  addresses.forEach(checkRedirect);
  metadata.application_type = addresses.some(isNative) ? "native" : "web";
};
