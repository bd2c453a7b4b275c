// Values of the contract that tests answer with.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { App, Deployment } from "@slipstream/contract/words.ts";

export const artifact = `sha256:${"a".repeat(64)}`;
export const deploymentId = `dep_${"0".repeat(26)}`;

export const deploymentOf = (more: Partial<Deployment>): Deployment => ({
  deployment: deploymentId,
  app: "shop",
  project: "default",
  tenant: "default",
  kind: "deploy",
  state: "running",
  phases: [],
  createdAt: "2026-01-01T00:00:00.000Z",
  ...more,
});

export const liveDeployment = deploymentOf({
  state: "live",
  phases: [{ name: "build", ms: 12 }],
  release: 3,
  artifact,
  url: "https://shop.slip.localhost:8443",
  endedAt: "2026-01-01T00:00:01.000Z",
});

export const appOf = (more: Partial<App> = {}): App => ({
  app: "shop",
  project: "default",
  tenant: "default",
  url: "https://shop.slip.localhost:8443",
  state: "live",
  release: 3,
  instances: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  ...more,
});

export const statusOf = (): OutputOf<"platform.status"> => ({
  version: "0.1.0",
  installation: "abcdef",
  url: "https://localhost:9443",
  httpPort: 9080,
  httpsPort: 9443,
  domain: "slip.localhost",
  apps: 1,
  appsStarting: 0,
  deploymentsOpen: 0,
  tableVersion: 1,
});
