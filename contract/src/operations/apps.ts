import { z } from "zod";
import { App, AppName, Deployment } from "../words.ts";
import { operation } from "./operation.ts";

const app = z.object({ app: AppName });

export const apps = {
  "apps.list": operation({
    name: "apps.list",
    summary: "List the apps.",
    method: "GET",
    path: "/v1/apps",
    input: z.object({}),
    output: z.object({ apps: z.array(App) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "apps.create": operation({
    name: "apps.create",
    summary: "Make an app without deploying it, to give it secrets first.",
    method: "POST",
    path: "/v1/apps",
    input: app,
    output: App,
    permission: "deploy",
    effect: "write",
    errors: ["conflict"],
  }),
  "apps.get": operation({
    name: "apps.get",
    summary: "Show one app.",
    method: "GET",
    path: "/v1/apps/{app}",
    input: app,
    output: App,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "apps.scale": operation({
    name: "apps.scale",
    summary: "Set the number of instances; answers when they serve.",
    method: "POST",
    path: "/v1/apps/{app}/scale",
    input: app.extend({ instances: z.int().min(1).max(32) }),
    output: App,
    permission: "deploy",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "apps.restart": operation({
    name: "apps.restart",
    summary: "Start new instances of the live release and switch to them without a pause.",
    method: "POST",
    path: "/v1/apps/{app}/restart",
    input: app,
    output: Deployment,
    permission: "deploy",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "apps.destroy": operation({
    name: "apps.destroy",
    summary: "Remove an app with its releases, routes, secrets and instances.",
    method: "DELETE",
    path: "/v1/apps/{app}",
    input: app,
    output: z.object({ app: AppName, releases: z.int() }),
    permission: "destroy",
    effect: "destroy",
    errors: ["not_found"],
  }),
};
