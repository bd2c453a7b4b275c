// The kinds of sandbox of this machine, and which of them work. A new kind is one folder and one line here.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { findProgram } from "#platform/programs.ts";
import { gvisor, writeBeginner } from "./gvisor/gvisor.ts";
import { writeHelpers } from "./gvisor/nobody.ts";
import { gvisorTrouble } from "./gvisor/origin.ts";
import { gvisorPlatforms } from "./gvisor/platforms.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { crun } from "./runc/crun.ts";
import { type RuncProgram, runc } from "./runc/runc.ts";
import { mountSystemView } from "./runc/system-view.ts";
import type { UserNamespace } from "./runc/user-namespace.ts";

export interface Finding {
  kind: SandboxKind;
  works: boolean;
  detail: string;
}
/** Each kind in the order of preference, with what it needs and how it could be run; the first that works is taken. */
export interface Candidate {
  kind: SandboxKind;
  /** What keeps it from working. */
  trouble: string | undefined;
  runtimes: readonly { label: string; runtime: OciRuntime }[];
}

export interface CandidateGround {
  /** Folder of the runtimes' own records. */
  runtimes: string;
  /** Where the /sys of programs under runc is mounted. */
  systemView: string;
  /** What root of a user namespace is outside. */
  sandboxRoot: number;
  /** Whether crun may take the place of runc. */
  crun: boolean;
}

const folderFor = (stateFolder: string, name: string): string => {
  const folder = join(stateFolder, name);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return folder;
};

const notInstalled = (program: string): string => `${program} is not installed`;
const useless = (kind: SandboxKind, trouble: string): Candidate => ({ kind, trouble, runtimes: [] });

const gvisorCandidate = async ({ runtimes, sandboxRoot }: CandidateGround): Promise<Candidate> => {
  const program = findProgram("runsc");
  const nsenter = findProgram("nsenter");
  if (program === undefined || nsenter === undefined) return useless("gvisor", notInstalled(program ? "nsenter" : "runsc"));
  const stateFolder = folderFor(runtimes, "runsc");
  const helpers = folderFor(runtimes, "helpers");
  const nobody = { uid: sandboxRoot, helpers: writeHelpers(helpers) };
  const those = { program, nsenter, stateFolder, beginner: writeBeginner(helpers) };
  const [platforms, trouble] = await Promise.all([gvisorPlatforms(program), gvisorTrouble(program)]);
  if (trouble !== undefined) return useless("gvisor", trouble);
  return {
    kind: "gvisor",
    trouble: undefined,
    runtimes: platforms.flatMap((platform) => [
      { label: `${program}, ${platform}, as nobody`, runtime: gvisor({ ...those, platform, nobody }) },
      { label: `${program}, ${platform}, as root`, runtime: gvisor({ ...those, platform, nobody: undefined }) },
    ]),
  };
};

/** User namespaces need a kernel that allows them, and folders above the installation that everybody may pass. */
const runcCandidate = async ({ runtimes, systemView, sandboxRoot, crun: isWanted }: CandidateGround): Promise<Candidate> => {
  const program = findProgram("runc");
  if (program === undefined) return useless("runc", notInstalled("runc"));
  const trouble = await mountSystemView(systemView);
  const [faster, unshare, nsenter] = isWanted ? ["crun", "unshare", "nsenter"].map((name) => findProgram(name)) : [];
  const programs: { name: string; program: RuncProgram }[] = [{ name: program, program: { command: [program] } }];
  if (faster !== undefined && unshare !== undefined && nsenter !== undefined)
    programs.unshift({ name: faster, program: crun({ program: faster, unshare, nsenter, helpers: folderFor(runtimes, "helpers") }) });
  const stateFolder = folderFor(runtimes, "runc");
  const those = (how: string, userNamespace: UserNamespace | undefined) =>
    programs.map(({ name, program: each }) => ({ label: `${name}, ${how}`, runtime: runc({ program: each, stateFolder, userNamespace }) }));
  const without = "no user namespaces";
  if (trouble !== undefined) return { kind: "runc", trouble: undefined, runtimes: those(`${without}: ${trouble}`, undefined) };
  return { kind: "runc", trouble: undefined, runtimes: [...those("user namespaces", { rootUid: sandboxRoot, systemView }), ...those(without, undefined)] };
};

export const candidates = (ground: CandidateGround): Promise<Candidate[]> => Promise.all([gvisorCandidate(ground), runcCandidate(ground)]);

/** Throws `missing_program` when a program that every sandbox needs is not there. */
export const requirePrograms = (): void => {
  for (const name of ["conmon", "runc", "ip", "nft", "nsenter", "mount", "umount", "perl"])
    if (findProgram(name) === undefined) throw new SlipError("missing_program", `${name} is not installed.`);
};
