// The key that signs id tokens: P-256, made of the 32 bytes of a key file, so that it is kept as the other keys are.
import { createECDH, createHash, hkdfSync } from "node:crypto";

/** Order of the curve (FIPS 186-5, P-256). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** 64 bits more than the order has, so that every scalar is as likely as any other (FIPS 186-5, A.2.1). */
const drawnBytes = 40;

export interface SigningJwk {
  kty: "EC";
  crv: "P-256";
  alg: "ES256";
  use: "sig";
  kid: string;
  x: string;
  y: string;
  d: string;
}

/** The same key for the same bytes. */
export const signingKey = (bytes: Buffer): SigningJwk => {
  const drawn = Buffer.from(hkdfSync("sha256", bytes, "", "slipstream id token key", drawnBytes));
  const scalar = (BigInt(`0x${drawn.toString("hex")}`) % (order - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const kid = createHash("sha256")
    .update(JSON.stringify({ crv: "P-256", kty: "EC", x, y }))
    .digest("base64url");
  return { kty: "EC", crv: "P-256", alg: "ES256", use: "sig", kid, x, y, d: d.toString("base64url") };
};
