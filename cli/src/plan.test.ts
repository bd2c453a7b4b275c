// Commands with --plan, and what applies their plans, as a user runs them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { allCommands, commandsFor } from "./commands.ts";
import { readEnvironment } from "./environment.ts";
import { planLines } from "./plan/show.ts";
import { openSession } from "./platform/session.ts";
import { programOf, type Runner } from "./program.ts";
import { coloursWhen } from "./terminal/colour.ts";
import { screenOf } from "./terminal/screen.ts";
import { appOf, deploymentId, liveDeployment } from "./testing/samples.ts";
import { slip } from "./testing/slip.ts";
import { TinyPlatform } from "./testing/tiny-platform.ts";

const id = `pln_${"0".repeat(26)}`;
const idOf = (prefix: string): string => `${prefix}_${"0".repeat(26)}`;
const [entry, webhook, token, person, invitation, connection] = [idOf("jrn"), idOf("whk"), idOf("tok"), idOf("per"), idOf("inv"), idOf("grt")];
const [delivery, approval] = [idOf("dlv"), idOf("apv")];
const planOf = (more: Partial<Plan> = {}): Plan => ({
  plan: id,
  operation: "deployments.create",
  effect: "write",
  app: "shop",
  state: "open",
  changes: [
    { what: "release", from: "3", to: "4" },
    { what: "env LOG_LEVEL", to: "de\u001b[2Jbug" },
    { what: "domain shop.example.org", from: "shop" },
  ],
  interrupts: [],
  policy: { allowed: true },
  quota: [{ limit: "instancesMax", used: 1, allowed: 32, unit: "instances" }],
  inverse: { operation: "releases.rollback", input: { app: "shop", to: 3 } },
  createdAt: "2026-01-01T00:00:00.000Z",
  expiresAt: "2026-01-01T12:00:00.000Z",
  ...more,
});

describe("plans", () => {
  const platform = new TinyPlatform();
  let folder = "";
  before(async () => {
    await platform.start();
    folder = mkdtempSync(join(tmpdir(), "slip-planned-"));
    writeFileSync(join(folder, "index.html"), "hello");
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true });
  });

  it("of a folder: its files are sent, the diff is shown, and nothing is deployed", async () => {
    platform.handlers = { "plans.create": () => planOf() };
    const ran = await slip(platform.home, ["deploy", folder, "--app", "shop", "--plan"]);
    assert.equal(
      ran.stdout,
      [
        "deployments.create of shop",
        "  ~ release                  3 → 4",
        "  + env LOG_LEVEL            debug",
        "  - domain shop.example.org  shop",
        "interrupts  nothing",
        "allowed     yes",
        "limits      instancesMax 1 of 32 instances",
        'undo        releases.rollback {"app":"shop","to":3}',
        "",
      ].join("\n"),
    );
    assert.equal(ran.stderr, `Nothing was changed. Apply it with 'slip apply ${id}', until 2026-01-01T12:00:00.000Z.\n`);
    assert.equal(ran.code, 0);
    assert.equal(platform.blobs.size, 1);
    const [asked] = platform.inputsOf("plans.create") as { operation: string; input: { app: string; source: { kind: string } } }[];
    assert.deepEqual([asked?.operation, asked?.input.app, asked?.input.source.kind], ["deployments.create", "shop", "tree"]);
  });

  it("is coloured on a terminal alone, and says what stands against it", () => {
    const refused = planOf({ policy: { allowed: false, why: "The grant allows 1 instance." }, interrupts: [{ what: "requests", why: "because" }] });
    assert.ok(!planLines(refused, coloursWhen(false)).join().includes("\u001b"));
    const lines = planLines(refused, coloursWhen(true));
    assert.ok(lines[1]?.startsWith("\u001b[33m  ~ release"));
    assert.ok(lines.includes("allowed     no: The grant allows 1 instance.") && lines.includes("interrupts  requests: because"));
  });

  const commands: [string, string[], string, object][] = [
    ["scale", ["scale", "shop", "3"], "apps.scale", { app: "shop", instances: 3 }],
    ["restart", ["restart", "shop"], "apps.restart", { app: "shop" }],
    ["rollback", ["rollback", "shop", "--to", "2"], "releases.rollback", { app: "shop", to: 2 }],
    ["env set", ["env", "set", "shop", "A=1", "--stage"], "env.set", { app: "shop", values: { A: "1" }, stage: true }],
    ["env rm", ["env", "rm", "shop", "A"], "env.remove", { app: "shop", names: ["A"], stage: false }],
    ["secrets set", ["secrets", "set", "shop", "A=1"], "secrets.set", { app: "shop", values: { A: "1" }, stage: false }],
    ["secrets rm", ["secrets", "rm", "shop", "A"], "secrets.remove", { app: "shop", names: ["A"], stage: false }],
    ["domains add", ["domains", "add", "shop", "a.example.org"], "domains.add", { app: "shop", domain: "a.example.org" }],
    ["domains rm", ["domains", "rm", "shop", "a.example.org"], "domains.remove", { app: "shop", domain: "a.example.org" }],
    ["destroy", ["destroy", "shop"], "apps.destroy", { app: "shop", purge: false }],
    ["restore", ["restore", "shop"], "apps.restore", { app: "shop" }],
    ["cancel", ["cancel", deploymentId], "deployments.cancel", { deployment: deploymentId }],
    ["run", ["run", "shop", "--", "true"], "apps.run", { app: "shop", command: ["true"], lines: 500 }],
    ["undo", ["undo", entry], "journal.undo", { entry }],
    ["keys rotate", ["keys", "rotate"], "keys.rotate", {}],
    ["projects create", ["projects", "create", "store"], "projects.create", { project: "store" }],
    ["webhooks add", ["webhooks", "add", "https://hooks.example.org"], "webhooks.create", { url: "https://hooks.example.org" }],
    ["webhooks set", ["webhooks", "set", webhook, "--topics", "all"], "webhooks.update", { webhook, topics: null }],
    ["webhooks pause", ["webhooks", "pause", webhook], "webhooks.update", { webhook, paused: true }],
    ["webhooks resume", ["webhooks", "resume", webhook], "webhooks.update", { webhook, paused: false }],
    ["webhooks rotate", ["webhooks", "rotate", webhook, "--now"], "webhooks.rotate", { webhook, graceMs: 0 }],
    ["webhooks rm", ["webhooks", "rm", webhook], "webhooks.remove", { webhook }],
    ["tokens create", ["tokens", "create", "claude", "--verbs", "read"], "tokens.create", { name: "claude", grant: { verbs: ["read"] } }],
    [
      "tokens create with every bound",
      "tokens create claude --verbs read --projects a,b --environments c --prefix pr- --apps 1 --instances 2 --memory 1KB --builds 3 --cpu-minutes 4".split(
        " ",
      ),
      "tokens.create",
      {
        name: "claude",
        grant: {
          verbs: ["read"],
          projects: ["a", "b"],
          environments: ["c"],
          namePrefix: "pr-",
          limits: { apps: 1, memoryBytes: 1_024, instances: 2 },
          budget: { builds: 3, cpuMinutes: 4 },
        },
      },
    ],
    ["tokens rm", ["tokens", "rm", token], "tokens.revoke", { token }],
    ["members invite", ["members", "invite", "viewer"], "members.invite", { role: "viewer" }],
    ["members set-role", ["members", "set-role", person, "viewer"], "members.update", { person, role: "viewer" }],
    ["members rm", ["members", "rm", person], "members.remove", { person }],
    ["members rm of an invitation", ["members", "rm", invitation], "invitations.revoke", { invitation }],
    ["sign-in rm", ["sign-in", "rm", "google"], "providers.remove", { name: "google" }],
    ["webhooks test", ["webhooks", "test", webhook], "webhooks.test", { webhook }],
    ["webhooks redeliver", ["webhooks", "redeliver", webhook, delivery], "webhooks.redeliver", { webhook, delivery }],
    ["approvals approve", ["approvals", "approve", approval], "approvals.approve", { approval }],
    ["approvals deny", ["approvals", "deny", approval], "approvals.deny", { approval }],
    ["token rotate", ["token", "rotate", "--now"], "token.rotate", { graceMs: 0 }],
    ["sign-in", ["sign-in"], "sessions.code", {}],
    ["doctor --deep", ["doctor", "--deep"], "platform.audit", { mend: true }],
    ["connections revoke", ["connections", "revoke", connection], "connections.revoke", { connection }],
  ];
  /** In this process: what matters is what is asked and shown, not how a process starts. */
  const run = async (words: readonly string[]): Promise<{ code: number | undefined; shown: unknown[] }> => {
    const environment = readEnvironment({ SLIP_HOME: platform.home });
    const shown: unknown[] = [];
    const screen = { ...screenOf(environment, true), data: (value: unknown) => void shown.push(value), note: () => {} };
    let code: number | undefined;
    const runner: Runner = async (act, of) => {
      code = await act({ ...of, environment, screen, session: openSession(environment, screen), commands: allCommands });
    };
    await programOf(await commandsFor(words), "1", runner).parseAsync(words, { from: "user" });
    return { code, shown };
  };

  /** Before the words that are a command's own. */
  const withOptions = (words: readonly string[]): string[] => words.toSpliced(words.includes("--") ? words.indexOf("--") : words.length, 0, "--plan", "--json");

  for (const [what, words, operation, input] of commands)
    it(`of ${what}: it is asked for, and nothing else`, async () => {
      platform.handlers = { "plans.create": (asked) => planOf({ operation: asked.operation }) };
      const before = platform.asked.length;
      assert.deepEqual(await run(withOptions(words)), { code: 0, shown: [planOf({ operation })] });
      assert.deepEqual(platform.asked.slice(before), [{ name: "plans.create", input: { operation, input } }]);
    });

  it("that are applied end as the command itself would", async () => {
    platform.handlers = {
      "plans.get": () => planOf(),
      "plans.apply": () => ({ plan: id, operation: "deployments.create", output: { ...liveDeployment } }),
    };
    assert.deepEqual(await slip(platform.home, ["apply", id]), { code: 0, stdout: "https://shop.slip.localhost:8443\n", stderr: "" });
    platform.handlers["plans.apply"] = () => ({ plan: id, operation: "apps.scale", output: { ...appOf({ instances: 3 }) } });
    assert.equal((await slip(platform.home, ["apply", id])).stdout, "shop runs 3 instances\n");
  });

  it("of a token make it when they are applied: its hash is sent, and it is shown once", async () => {
    const made = { token, name: "claude", actor: "claude for ada", kind: "plain", createdAt: "2026-01-01T00:00:00.000Z" };
    platform.handlers = {
      "plans.get": () => planOf({ operation: "tokens.create", asks: ["sha256"] }),
      "plans.apply": () => ({ plan: id, operation: "tokens.create", output: made }),
    };
    const ran = await slip(platform.home, ["apply", id, "--json"]);
    const { value, ...shown } = JSON.parse(ran.stdout) as { value: string };
    assert.deepEqual(shown, made);
    assert.deepEqual(platform.inputsOf("plans.apply").at(-1), { plan: id, sha256: createHash("sha256").update(value).digest("hex") });
    platform.handlers["plans.get"] = () => planOf({ operation: "tokens.create" });
    const other = await slip(platform.home, ["apply", id]);
    assert.deepEqual([other.stdout, other.stderr], ["", `claude (${token}) is let in from now on\n`]);
    assert.deepEqual(platform.inputsOf("plans.apply").at(-1), { plan: id });
  });

  it("of the token in use put the new one into its file, before the platform knows it, and only where that took it", async () => {
    const file = join(platform.home, "token");
    const before = readFileSync(file, "utf8");
    const seen: string[] = [];
    platform.handlers = {
      "plans.get": () => planOf({ operation: "token.rotate", asks: ["sha256"] }),
      "plans.apply": () => {
        seen.push(readFileSync(`${file}.next`, "utf8"));
        if (seen.length === 1) throw new SlipError("plan_stale");
        return { plan: id, operation: "token.rotate", output: { endsAt: "2100-01-01T00:00:00.000Z" } };
      },
    };
    assert.equal((await slip(platform.home, ["apply", id])).code, 2);
    assert.deepEqual([readFileSync(file, "utf8"), existsSync(`${file}.next`)], [before, false]);
    const ran = await slip(platform.home, ["apply", id]);
    assert.match(ran.stderr, /^The new token is in .*\/token; the one of before works until 2100-/);
    assert.deepEqual([readFileSync(file, "utf8"), existsSync(`${file}.next`), ran.stdout], [seen[1], false, ""]);
    const { sha256 } = platform.inputsOf("plans.apply").at(-1) as { sha256: string };
    assert.equal(
      sha256,
      createHash("sha256")
        .update((seen[1] ?? "").trim())
        .digest("hex"),
    );
    writeFileSync(file, before);
  });

  it("of a code make one that is typed, and show it once", async () => {
    const output = { url: "https://slip.localhost/sign-in", expiresAt: "2100-01-01T00:00:00.000Z" };
    platform.handlers = {
      "plans.get": () => planOf({ operation: "sessions.code", asks: ["sha256"] }),
      "plans.apply": () => ({ plan: id, operation: "sessions.code", output }),
    };
    const { code, ...shown } = JSON.parse((await slip(platform.home, ["apply", id, "--json"])).stdout) as { code: string };
    assert.deepEqual(shown, output);
    assert.match(code, /^([0-9a-z]{4}-){3}[0-9a-z]{4}$/);
    const sha256 = createHash("sha256").update(code.replaceAll("-", "")).digest("hex");
    assert.deepEqual(platform.inputsOf("plans.apply").at(-1), { plan: id, sha256 });
  });

  it("that are stale change nothing, and end with 2", async () => {
    platform.handlers["plans.apply"] = () => {
      throw new SlipError("plan_stale", "It was not applied, because shop has changed since: last release: 3 → 4.");
    };
    const ran = await slip(platform.home, ["apply", id, "--json"]);
    assert.deepEqual([ran.code, (JSON.parse(ran.stdout) as { error: { code: string } }).error.code], [2, "plan_stale"]);
  });

  it("that destroy an app need a word for that", async () => {
    platform.handlers = {
      "plans.get": () => planOf({ operation: "apps.destroy", effect: "destroy" }),
      "plans.apply": () => ({ plan: id, operation: "apps.destroy", output: { app: "shop", releases: 2 } }),
    };
    const ran = await slip(platform.home, ["apply", id]);
    assert.deepEqual([ran.code, /slip apply pln_0+ --yes/.test(ran.stderr)], [2, true]);
    assert.equal((await slip(platform.home, ["apply", id, "--yes"])).stdout, "shop is gone, with 2 releases\n");
  });
});
