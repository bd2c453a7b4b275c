// The sandboxes that work here, found by running a program in each.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { OciSandbox, type SandboxGround } from "./oci-sandbox.ts";
import type { Candidate, Finding } from "./sandboxes.ts";

/** Tries a runtime; resolves with undefined when it works, else with what was wrong. */
export type Trial = (runtime: OciRuntime) => Promise<string | undefined>;

export class SandboxSet {
  readonly findings: readonly Finding[];
  readonly #runtimes: ReadonlyMap<SandboxKind, OciRuntime>;

  constructor(findings: readonly Finding[], runtimes: ReadonlyMap<SandboxKind, OciRuntime>) {
    this.findings = findings;
    this.#runtimes = runtimes;
  }

  /** The kind for an app that does not say: the most closed one that works. */
  get default(): SandboxKind {
    return this.findings.find(({ works }) => works)?.kind ?? "runc";
  }

  has(kind: SandboxKind): boolean {
    return this.#runtimes.has(kind);
  }

  /** A sandbox of a kind on `ground`. Throws `sandbox_unavailable`. */
  on(ground: SandboxGround, kind: SandboxKind): OciSandbox {
    const runtime = this.#runtimes.get(kind);
    if (!runtime) throw new SlipError("sandbox_unavailable", `The sandbox ${kind} does not work on this machine: ${this.#detail(kind)}.`);
    return new OciSandbox(runtime, ground);
  }

  #detail(kind: SandboxKind): string {
    return this.findings.find((finding) => finding.kind === kind)?.detail ?? "not looked for";
  }
}

/** Tries each candidate and keeps what works. */
export const probeSandboxes = async (candidates: readonly Candidate[], trial: Trial): Promise<SandboxSet> => {
  const findings: Finding[] = [];
  const working = new Map<SandboxKind, OciRuntime>();
  for (const { kind, missing, runtimes } of candidates) {
    const troubles: string[] = missing === undefined ? [] : [`${missing} is not installed`];
    for (const { label, runtime } of runtimes) {
      const trouble = await trial(runtime);
      if (trouble === undefined) {
        working.set(kind, runtime);
        findings.push({ kind, works: true, detail: label });
        break;
      }
      troubles.push(`${label}: ${trouble}`);
    }
    if (!working.has(kind)) findings.push({ kind, works: false, detail: troubles.join("; ") });
  }
  return new SandboxSet(findings, working);
};
