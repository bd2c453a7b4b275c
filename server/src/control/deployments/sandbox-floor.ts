// Which sandbox a deployment gets: who deploys decides, slip.toml may ask for no weaker one than the operator's floor. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";

const weakestFirst: readonly SandboxKind[] = ["runc", "gvisor"];

export interface SandboxWishes {
  /** Of who deploys. */
  asked: SandboxKind | undefined;
  /** Of slip.toml, which may be a stranger's. */
  written: SandboxKind | undefined;
  floor: SandboxKind | undefined;
}

/** Undefined leaves it to the machine. Throws `sandbox_below_floor`. */
export const sandboxFor = ({ asked, written, floor }: SandboxWishes): SandboxKind | undefined => {
  if (asked !== undefined || floor === undefined) return asked ?? written;
  if (written === undefined) return floor === weakestFirst[0] ? undefined : floor;
  if (weakestFirst.indexOf(written) >= weakestFirst.indexOf(floor)) return written;
  throw new SlipError(
    "sandbox_below_floor",
    `slip.toml asks for ${written}; on this platform that is for who deploys to choose, and ${floor} is the least else.`,
  );
};
