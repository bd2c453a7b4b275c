// What differs between the programs that make sandboxes; the rest is in oci-sandbox.ts.
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Hiding } from "../launcher/launcher.ts";
import type { SeccompProfile } from "./runc/seccomp.ts";
import type { UserNamespace } from "./runc/user-namespace.ts";

/** Where a sandbox is made. */
export interface Making {
  network: string;
  bundle: string;
}

export interface Maker {
  runtime: readonly [string, ...string[]];
  hiding?: Hiding | undefined;
}

export interface OciRuntime {
  kind: SandboxKind;
  /** What stands before the runtime's own commands, for a sandbox in the namespace at `network`. */
  command(network: string): readonly [string, ...string[]];
  /** What makes a sandbox, where `command` is for all else. */
  maker?: ((of: Making) => Maker) | undefined;
  /** As `maker`, and has the program begin as well. */
  beginner?: ((of: Making) => Maker) | undefined;
  joinsNetwork: boolean;
  /** Its programs see the control groups of the machine's kernel; else they are told their limits by other means. */
  showsCgroups: boolean;
  /** Its sandboxes see what the host mounts in their root later; else they see it in what is bound into that. */
  followsRoot: boolean;
  /** Where the kernel ends one of its processes because memory was used up, the others may wait for that one for ever. */
  waitsForKilled: boolean;
  /** What was created and waits to be begun holds no processor and next to no memory. */
  waitsAtNoCost: boolean;
  seccomp: SeccompProfile | undefined;
  /** Each of its sandboxes has a user namespace of its own. */
  userNamespace?: UserNamespace | undefined;
  /** What else its configuration says. */
  annotations?: (() => Readonly<Record<string, string>>) | undefined;
  createMs: number;
  /** What is done once a program was created, before it is let go. */
  prepare?: ((pid: number) => void) | undefined;
  /** Lets the created program go without the runtime's own command, which costs a process; false when that must do it. */
  release?(id: string): Promise<boolean>;
}
