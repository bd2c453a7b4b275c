// The sandboxes that work here, found by running a program in each.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Check } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { OciSandbox, type SandboxGround } from "./oci-sandbox.ts";
import { userNamespaceCheck } from "./runc/user-namespace.ts";
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

  /** One of each kind that works, on `ground`. */
  all(ground: SandboxGround): OciSandbox[] {
    return [...this.#runtimes.values()].map((runtime) => new OciSandbox(runtime, ground));
  }

  /** For `slip doctor`: whether users of programs under runc are others outside. */
  check(): Check[] {
    const runtime = this.#runtimes.get("runc");
    return runtime ? [userNamespaceCheck(runtime.userNamespace !== undefined, this.#detail("runc"))] : [];
  }

  #detail(kind: SandboxKind): string {
    return this.findings.find((finding) => finding.kind === kind)?.detail ?? "not looked for";
  }
}

const tryOne = async ({ kind, trouble: known, runtimes }: Candidate, trial: Trial): Promise<{ finding: Finding; runtime: OciRuntime | undefined }> => {
  const troubles: string[] = known === undefined ? [] : [known];
  for (const { label, runtime } of runtimes) {
    const trouble = await trial(runtime);
    if (trouble === undefined) return { finding: { kind, works: true, detail: [label, ...troubles].join("; ") }, runtime };
    troubles.push(`${label}: ${trouble}`);
  }
  return { finding: { kind, works: false, detail: troubles.join("; ") }, runtime: undefined };
};

/** Tries the candidates side by side and keeps what works. */
export const probeSandboxes = async (candidates: readonly Candidate[], trial: Trial): Promise<SandboxSet> => {
  const tried = await Promise.all(candidates.map((candidate) => tryOne(candidate, trial)));
  const working = tried.flatMap(({ finding, runtime }): [SandboxKind, OciRuntime][] => (runtime ? [[finding.kind, runtime]] : []));
  return new SandboxSet(
    tried.map(({ finding }) => finding),
    new Map(working),
  );
};
