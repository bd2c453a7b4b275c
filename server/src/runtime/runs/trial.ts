// Whether sandboxes of a kind work on this machine: one is made, and a program of the machine runs in it.
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { OciSandbox } from "../sandboxes/oci-sandbox.ts";
import { type RunGround, runOnce } from "./runner.ts";

const trialMs = 20_000;

/** As builds have them, under runc: of a folder that is in one which root alone may pass. An old crun does not come there in a user namespace. */
const closedMount = (layer: string): RunOnce["mounts"][number] => {
  const source = join(`${layer}-closed`, "mount");
  mkdirSync(source, { recursive: true, mode: 0o755 });
  chmodSync(dirname(source), 0o700);
  return { source, destination: "/run/trial", readOnly: true };
};

const trialRun = (layer: string, kind: SandboxKind, onLine: RunOnce["onLine"]): RunOnce => ({
  id: `trial-${kind}`,
  sandbox: undefined,
  layers: [layer],
  overlay: undefined,
  mounts: kind === "runc" ? [closedMount(layer)] : [],
  args: ["/bin/true"],
  env: {},
  cwd: "/",
  limits: { memoryBytes: 256 * 2 ** 20, cpus: 1, pids: limit("pids"), tmpBytes: 2 ** 20, openFiles: 1_024 },
  timeoutMs: trialMs,
  signal: AbortSignal.timeout(trialMs),
  onLine,
});

/** Why a sandbox does not work, or undefined where it does. `layer` has the program. */
export const trySandbox = async (ground: RunGround, sandbox: OciSandbox, layer: string): Promise<string | undefined> => {
  const lines: string[] = [];
  try {
    const run = trialRun(layer, sandbox.kind, (_, text) => lines.push(text));
    const { exitCode, timedOut, cancelled } = await runOnce(ground, sandbox, run);
    if (exitCode === 0) return undefined;
    return timedOut || cancelled ? `no answer in ${trialMs} ms` : (lines.at(-1) ?? `the trial ended with ${exitCode}`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
