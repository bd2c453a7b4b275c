// Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body, one for each secret that signs now.
import { createHmac, randomBytes } from "node:crypto";

const prefix = "whsec_";
const secretBytes = 32;

export const newSigningSecret = (): string => `${prefix}${randomBytes(secretBytes).toString("base64")}`;

export interface Message {
  id: string;
  /** Of this attempt. */
  sentAt: Date;
  body: string;
}

/** The headers that say who sent it. The id and the time hold no full stop, so no two messages are signed as the same text. */
export const signedHeaders = ({ id, sentAt, body }: Message, secrets: readonly string[]): Record<string, string> => {
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  const sign = (secret: string): string => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  };
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": secrets.map(sign).join(" ") };
};
