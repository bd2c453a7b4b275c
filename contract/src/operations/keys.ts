import { z } from "zod";
import { Timestamp } from "../words.ts";
import { operation } from "./operation.ts";

const SealingKey = z.object({
  key: z.string(),
  /** It seals what is new; another only opens what it has sealed. */
  inUse: z.boolean(),
  secrets: z.int(),
  certificates: z.int(),
  /** Signing secrets of webhooks. */
  webhooks: z.int(),
  createdAt: Timestamp,
});

export const keys = {
  "keys.list": operation({
    name: "keys.list",
    summary: "List the sealing keys by name, and how many values each of them seals.",
    method: "GET",
    path: "/v1/keys",
    input: z.object({}),
    output: z.object({ keys: z.array(SealingKey) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "keys.rotate": operation({
    name: "keys.rotate",
    summary: "Seal everything with a new key, and remove the one of before; apps and deployments go on meanwhile.",
    method: "POST",
    path: "/v1/keys/rotate",
    input: z.object({}),
    output: z.object({ key: z.string(), resealed: z.int(), removed: z.array(z.string()) }),
    permission: "administer",
    effect: "write",
    errors: ["forbidden", "disk_full"],
  }),
};
