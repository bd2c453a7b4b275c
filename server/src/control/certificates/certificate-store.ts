// Certificates in PostgreSQL, their keys sealed. One wildcard serves every default host name; other domains have one each.
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";
import type { Query } from "#platform/database.ts";
import { type Control, platformDomain } from "../control.ts";
import type { Sealed } from "../secrets/sealing.ts";
import { renewBeforeMs } from "./authority.ts";

const wildcard = `*.${platformDomain}`;

/** The certificate that serves a host name: the wildcard one label below the platform's domain. */
export const certificateName = (host: string): string => {
  const [, ...parent] = host.split(".");
  return parent.join(".") === platformDomain ? wildcard : host;
};

/** Makes the certificate of a host name where there is none that lasts. */
export const ensureCertificate = async ({ authority, sealing }: Pick<Control, "authority" | "sealing">, query: Query, host: string): Promise<void> => {
  const name = certificateName(host);
  const enough = new Date(Date.now() + renewBeforeMs);
  if ((await query`select name from certificates where name = ${name} and not_after > ${enough}`).length > 0) return;
  const leaf = await authority.issue(name === wildcard ? [wildcard, platformDomain] : [name]);
  const { sealed, keyId } = sealing.seal(leaf.key, ["certificate", name]);
  await query`
    insert into certificates (name, certificate, sealed_key, key_id, not_after)
    values (${name}, ${leaf.certificate}, ${sealed}, ${keyId}, ${leaf.notAfter})
    on conflict (name) do update set certificate = excluded.certificate, sealed_key = excluded.sealed_key, key_id = excluded.key_id, not_after = excluded.not_after, created_at = now()`;
};

/** The names of the certificates that are to be renewed, of host names that are still ours. */
export const expiringHosts = async (query: Query): Promise<string[]> => {
  const soon = new Date(Date.now() + renewBeforeMs);
  const rows = await query<{ name: string }[]>`
    select name from certificates c where not_after < ${soon} and (name = ${wildcard} or exists (select 1 from domains d where d.host = c.name))`;
  return rows.map((row) => row.name.replace(/^\*/, "any"));
};

/** Opened keys by their sealed bytes: a table is made at each switch, certificates change rarely. */
const opened = new WeakMap<Control["sealing"], Map<string, string>>();

const openKey = (sealing: Control["sealing"], name: string, value: Sealed): string => {
  const keys = opened.get(sealing) ?? new Map<string, string>();
  opened.set(sealing, keys);
  const id = value.sealed.toString("base64");
  const key = keys.get(id) ?? sealing.open(value, ["certificate", name]);
  keys.set(id, key);
  return key;
};

/** What the edge needs: the certificates of the host names that are served. */
export const tableCertificates = async ({ sealing }: Pick<Control, "sealing">, query: Query): Promise<RouteTable["certificates"]> => {
  const rows = await query<{ name: string; certificate: string; sealedKey: Buffer; keyId: string }[]>`
    select name, certificate, sealed_key, key_id from certificates c where name = ${wildcard} or exists (select 1 from domains d where d.host = c.name)`;
  const entries = rows.flatMap(({ name, certificate, sealedKey, keyId }) => {
    const value = { certificate, key: openKey(sealing, name, { keyId, sealed: sealedKey }) };
    return name === wildcard ? [[name, value] as const, [platformDomain, value] as const] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
};

/** Certificates of host names that no app has any more. */
export const dropUnused = async (query: Query): Promise<void> => {
  await query`delete from certificates c where name <> ${wildcard} and not exists (select 1 from domains d where d.host = c.name)`;
};
