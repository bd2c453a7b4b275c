// Which ways of catching system calls a runsc knows, best first.
import { exec } from "#platform/exec.ts";
import type { GvisorOptions } from "./gvisor.ts";

type Platform = GvisorOptions["platform"];

/** systrap is the fastest without hardware support, and runsc versions that know it default to it. kvm is left to who asks for it. Pure. */
export const platformsIn = (flagsHelp: string): Platform[] => (flagsHelp.includes("systrap") ? ["systrap", "ptrace"] : ["ptrace"]);

export const gvisorPlatforms = async (program: string): Promise<Platform[]> => {
  const { stdout, stderr } = await exec([program, "flags"], { timeoutMs: 10_000 });
  return platformsIn(stdout + stderr);
};
