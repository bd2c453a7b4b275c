// The local certificate authority: made once per installation, signs the certificates of every host name.
import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import "reflect-metadata";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { SlipError } from "@slipstream/contract/errors.ts";
import { writeDurably } from "#platform/files.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
const authorityDays = 3_650;
const leafDays = 90;
/** A certificate is made anew when less than this is left of it. */
export const renewBeforeMs = 30 * dayMs;
/** Clocks differ, and are set; a certificate is valid before it was made. */
const skewMs = dayMs;

x509.cryptoProvider.set(webcrypto as Crypto);

export interface Leaf {
  certificate: string;
  key: string;
  notAfter: Date;
}
export interface Authority {
  /** PEM, to trust. */
  certificate: string;
  /** SHA-256 of it in pairs of hexadecimal digits. */
  fingerprint: string;
  /** A certificate for host names ("*.parent" for those one label below), with its key; PEM. */
  issue(names: readonly string[]): Promise<Leaf>;
  /** Whether this authority, and not one that it took the place of, has made a certificate. */
  hasIssued(certificate: string): boolean;
}

const serialNumber = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString("hex")
    .replace(/^[89a-f]/, "1");

const exportKey = async (key: CryptoKey): Promise<string> => x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");

const newPair = async (): Promise<webcrypto.CryptoKeyPair> =>
  (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;

const createRoot = async (name: string): Promise<{ certificate: string; key: string }> => {
  const keys = await newPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }, { O: ["Slipstream"] }],
    notBefore: new Date(Date.now() - skewMs),
    notAfter: new Date(Date.now() + authorityDays * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
};

const signer =
  (root: x509.X509Certificate, signingKey: CryptoKey) =>
  async (names: readonly string[]): Promise<Leaf> => {
    const keys = await newPair();
    const notAfter = new Date(Date.now() + leafDays * dayMs);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [(names[0] ?? "").slice(0, 64)] }],
      issuer: root.subject,
      notBefore: new Date(Date.now() - skewMs),
      notAfter,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
        await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificate: `${certificate.toString("pem")}\n`, key: `${await exportKey(keys.privateKey)}\n`, notAfter };
  };

/** The authority kept in `folder`, made at first use. `name` is what people see where they trust it. */
export const authorityIn = async (folder: string, name: string): Promise<Authority> => {
  const keyPath = join(folder, "authority-key.pem");
  const certificatePath = join(folder, "authority.pem");
  // Who has lost one of the two is told so: another authority would be one that nobody trusts.
  const made = join(folder, "authority.pem.made");
  if (!existsSync(certificatePath) && !existsSync(keyPath)) {
    const root = await createRoot(name);
    writeDurably(made, `${root.certificate}\n`, 0o644);
    writeDurably(keyPath, root.key, 0o600);
  }
  if (!existsSync(certificatePath) && existsSync(made)) renameSync(made, certificatePath);
  return await readAuthority(certificatePath, keyPath).catch((error: unknown) => {
    throw damaged(folder, error);
  });
};

const readAuthority = async (certificatePath: string, keyPath: string): Promise<Authority> => {
  const certificate = readFileSync(certificatePath, "utf8");
  const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(keyPath, "utf8"));
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const root = new x509.X509Certificate(certificate);
  const own = new NodeCertificate(certificate);
  if (!own.checkPrivateKey(createPrivateKey(readFileSync(keyPath, "utf8")))) throw new Error("The key is not that of the certificate.");
  return {
    certificate,
    fingerprint: own.fingerprint256,
    issue: signer(root, signingKey as CryptoKey),
    hasIssued: (leaf) => new NodeCertificate(leaf).verify(own.publicKey),
  };
};

const damaged = (folder: string, error: unknown): SlipError =>
  new SlipError("key_missing", `The authority in ${folder}, authority.pem with authority-key.pem, cannot be read.`, {
    evidence: [error instanceof Error ? error.message : String(error)],
    next: [
      "Put the two files back from the backup of control/ in SLIP_HOME, with their owner.",
      "Remove the two files: 'slip up' makes another authority, which everybody has to trust anew with 'slip trust'.",
    ],
  });
