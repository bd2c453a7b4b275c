import { z } from "zod";
import { AppName, Deployment, Domain, EnvVariable, Hostname, Secret, TextWithoutNul, VariableName } from "../words.ts";
import { operation } from "./operation.ts";

const byApp = z.object({ app: AppName });
/** `stage` keeps the change for the next deployment; else a live app gets a new release with it at once. */
const change = byApp.extend({ stage: z.boolean().default(false) });
const values = z.record(VariableName, TextWithoutNul.max(65_536)).refine((all) => Object.keys(all).length > 0, "at least one NAME=VALUE");
const names = z.array(VariableName).min(1).max(500);
/** Names that are not to be there afterwards. */
const remove = z.array(VariableName).max(500).optional();
const changed = z.object({ app: AppName, names, deployment: Deployment.optional() });

export const secrets = {
  "secrets.set": operation({
    name: "secrets.set",
    summary: "Store secrets, sealed; values never come back.",
    method: "PUT",
    path: "/v1/apps/{app}/secrets",
    input: change.extend({ values }),
    output: changed,
    permission: "configure",
    effect: "write",
    errors: ["not_found"],
  }),
  "secrets.restore": operation({
    name: "secrets.restore",
    summary: "Make earlier versions of secrets those of the next release again, and remove others; no value leaves the store.",
    method: "POST",
    path: "/v1/apps/{app}/secrets/restore",
    input: change.extend({ versions: z.record(VariableName, z.int().positive()), remove }),
    output: changed,
    permission: "configure",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "secrets.list": operation({
    name: "secrets.list",
    summary: "List the names and versions of an app's secrets.",
    method: "GET",
    path: "/v1/apps/{app}/secrets",
    input: byApp,
    output: z.object({ secrets: z.array(Secret) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "secrets.remove": operation({
    name: "secrets.remove",
    summary: "Remove secrets from later releases.",
    method: "POST",
    path: "/v1/apps/{app}/secrets/remove",
    input: change.extend({ names }),
    output: changed,
    permission: "configure",
    effect: "write",
    errors: ["not_found"],
  }),
};

export const env = {
  "env.set": operation({
    name: "env.set",
    summary: "Set environment variables; `remove` names others that go in the same step.",
    method: "PUT",
    path: "/v1/apps/{app}/env",
    input: change.extend({ values, remove }),
    output: changed,
    permission: "configure",
    effect: "write",
    errors: ["not_found"],
  }),
  "env.list": operation({
    name: "env.list",
    summary: "List an app's environment variables.",
    method: "GET",
    path: "/v1/apps/{app}/env",
    input: byApp,
    output: z.object({ env: z.array(EnvVariable) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "env.remove": operation({
    name: "env.remove",
    summary: "Remove environment variables.",
    method: "POST",
    path: "/v1/apps/{app}/env/remove",
    input: change.extend({ names }),
    output: changed,
    permission: "configure",
    effect: "write",
    errors: ["not_found"],
  }),
};

export const domains = {
  "domains.add": operation({
    name: "domains.add",
    summary: "Serve an app at a host name too, with a certificate for it.",
    method: "POST",
    path: "/v1/apps/{app}/domains",
    input: byApp.extend({ domain: Hostname }),
    output: Domain,
    permission: "configure",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "domains.list": operation({
    name: "domains.list",
    summary: "List the host names of an app.",
    method: "GET",
    path: "/v1/apps/{app}/domains",
    input: byApp,
    output: z.object({ domains: z.array(Domain) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "domains.remove": operation({
    name: "domains.remove",
    summary: "Stop serving an app at a host name.",
    method: "DELETE",
    path: "/v1/apps/{app}/domains/{domain}",
    input: byApp.extend({ domain: Hostname }),
    output: z.object({ domain: Hostname }),
    permission: "configure",
    effect: "destroy",
    errors: ["not_found"],
  }),
};
