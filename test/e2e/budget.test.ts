// What an agent's programs cost: counted by the kernel, for the grant that they were asked for with.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { jointInstallation } from "./joint-installation.ts";

/** The host is asked every 10 seconds. */
const countedMs = 40_000;

const burning = `import http from "node:http";
http.createServer((_, answer) => answer.end("busy")).listen(process.env.PORT);
for (let times = 0; times < 5; times += 1) {
  for (const end = Date.now() + 300; Date.now() < end; );
  await new Promise((resolve) => setTimeout(resolve, 50));
}
`;

describe("a budget of CPU time", () => {
  const installation = jointInstallation();
  let owner: Client;
  let agent: Client;
  before(async () => {
    await installation.up();
    const endpoint = { url: `https://slip.localhost:${installation.httpsPort}`, ca: installation.ca };
    owner = new Client({ endpoint, token: readFileSync(join(installation.home, "token"), "utf8").trim() });
    const token = `slip_${randomBytes(32).toString("base64url")}`;
    const sha256 = createHash("sha256").update(token).digest("hex");
    await owner.call("tokens.create", { name: "burner", sha256, grant: { verbs: ["read", "deploy"], namePrefix: "budget-", budget: { cpuMinutes: 0.005 } } });
    agent = new Client({ endpoint, token });
  });
  after(() => installation.end());

  const cpuMinutes = async (): Promise<number> => (await agent.call("access.whoami", {})).used?.cpuMinutes ?? 0;

  it("that is used up by what runs asks a person before more is started, and takes nothing down", async () => {
    const { deployment } = await agent.call("deployments.create", { app: "budget-a", source: { kind: "snippet", language: "node", code: burning } });
    assert.equal((await agent.call("deployments.wait", { deployment, timeoutMs: 60_000 })).state, "live");
    for (const end = Date.now() + countedMs; (await cpuMinutes()) < 0.005 && Date.now() < end; ) await pause(250);
    assert.ok((await cpuMinutes()) >= 0.005, `${await cpuMinutes()}`);
    const needsApproval = (error: SlipError) => error.code === "approval_needed" && /CPU minutes is used up/.test(error.message);
    await assert.rejects(agent.call("apps.restart", { app: "budget-a" }), needsApproval);
    await assert.rejects(agent.call("apps.run", { app: "budget-a", command: ["node", "-v"] }), needsApproval);
    assert.equal((await installation.request("budget-a")).body, "busy");
    assert.equal((await owner.call("apps.run", { app: "budget-a", command: ["node", "-v"] })).exitCode, 0);
  });
});
