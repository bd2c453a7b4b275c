// Certificates in PostgreSQL, their keys sealed. One wildcard serves every default host name; other domains have one each.
import type { Change } from "@slipstream/contract/ports/route-entry.ts";
import type { Query } from "#platform/database.ts";
import { type Control, platformDomain } from "../control.ts";
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

/**
 * Where the authority took the place of another one, as when its files were lost, no client that trusts it would accept what that one made:
 * all of it is to be renewed. The wildcard, which is always there, stands for all.
 */
export const expireOthers = async ({ authority }: Pick<Control, "authority">, query: Query): Promise<void> => {
  const [made] = await query<{ certificate: string }[]>`select certificate from certificates where name = ${wildcard}`;
  if (made && !authority.hasIssued(made.certificate)) await query`update certificates set not_after = now()`;
};

/** The names of the certificates that are to be renewed, of host names that are still ours. */
export const expiringHosts = async (query: Query): Promise<string[]> => {
  const soon = new Date(Date.now() + renewBeforeMs);
  const rows = await query<{ name: string }[]>`
    select name from certificates c where not_after < ${soon} and (name = ${wildcard} or exists (select 1 from domains d where d.host = c.name))`;
  return rows.map((row) => row.name.replace(/^\*/, "any"));
};

interface CertificateRow {
  name: string;
  certificate: string;
  sealedKey: Buffer;
  keyId: string;
}

/** Certificates of the host names that are served: these, or the next `count` after a name. */
export const servedCertificates = (query: Query, which: { names: readonly string[] } | { after: string; count: number }): Promise<CertificateRow[]> =>
  query<CertificateRow[]>`
    select name, certificate, sealed_key, key_id from certificates c
    where ${"names" in which ? query`name = any(${[...which.names]})` : query`name > ${which.after}`}
      and (name = ${wildcard} or exists (select 1 from domains d where d.host = c.name))
    order by name limit ${"names" in which ? null : which.count}`;

/** What certificates are now, for edges; one without a row is not served any more. */
export const certificateChanges = (
  { sealing }: Pick<Control, "sealing">,
  rows: readonly CertificateRow[],
  names: readonly string[] = rows.map(({ name }) => name),
): Change[] => {
  const byName = new Map(rows.map((row) => [row.name, row]));
  return names.map((id) => {
    const row = byName.get(id);
    if (!row) return { kind: "certificate", id, value: null };
    const { name, certificate, sealedKey: sealed, keyId } = row;
    const key = sealing.open({ keyId, sealed }, ["certificate", name]);
    return { kind: "certificate", id, value: { names: name === wildcard ? [wildcard, platformDomain] : [name], certificate, key } };
  });
};

/** Certificates of host names that no app has any more. */
export const dropUnused = async (query: Query): Promise<void> => {
  await query`delete from certificates c where name <> ${wildcard} and not exists (select 1 from domains d where d.host = c.name)`;
};
