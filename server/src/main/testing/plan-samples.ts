// Samples of operations that are about who asks, what was asked and what was sent: an input for each, and who plans it.
import assert from "node:assert/strict";
import type { Grant } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { newId } from "#platform/ids.ts";
import { hashOf, newSecret } from "./access-world.ts";
import type { ControlPlane } from "./control-plane.ts";

/** A token with a grant, for whom others approve. */
export const agentOf = async ({ client, clientWith }: ControlPlane, grant: Grant = { verbs: ["read"] }): Promise<Client> => {
  const token = newSecret();
  await client.call("tokens.create", { name: newId("any"), sha256: hashOf(token), grant });
  return clientWith(token);
};

/** Who has the secret of a new invitation. */
export const guestOf = async ({ client, clientWith }: ControlPlane, role: "developer" | "viewer" = "viewer"): Promise<Client> => {
  const secret = newSecret();
  await client.call("members.invite", { role, sha256: hashOf(secret) });
  return clientWith(secret);
};

/** The id of the approval that a call needs. */
export const approvalNeeded = async (asked: Promise<unknown>): Promise<string> => {
  const error = await asked.then(() => undefined).catch((told: unknown) => told as SlipError);
  return error?.details.approval?.approval ?? assert.fail(String(error ?? "It was done."));
};

export const newWebhook = async ({ client }: ControlPlane): Promise<{ webhook: string }> => {
  const { webhook } = await client.call("webhooks.create", { url: "https://hooks.example.org/sample" });
  return { webhook };
};

const newApproval = async (plane: ControlPlane): Promise<{ approval: string }> => ({
  approval: await approvalNeeded((await agentOf(plane)).call("webhooks.rotate", await newWebhook(plane))),
});

export interface Sample {
  input(plane: ControlPlane): Promise<Record<string, unknown>>;
  /** Who plans and applies it, where that is not the owner. */
  by?(plane: ControlPlane): Promise<Client>;
}

export const askerSamples: Readonly<Record<string, Sample>> = {
  "token.rotate": { input: async () => ({ graceMs: 60_000 }), by: (plane) => agentOf(plane) },
  "members.accept": { input: async () => ({ name: "Guest" }), by: (plane) => guestOf(plane) },
  "sessions.code": { input: async () => ({}) },
  "approvals.approve": { input: newApproval },
  "approvals.deny": { input: newApproval },
  "webhooks.test": { input: newWebhook },
  "webhooks.redeliver": { input: newWebhook },
};
