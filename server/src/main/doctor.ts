// Prints as JSON what this machine can do and what is missing. Sandboxes are tried by the host process, so they are told of when it runs.
import { existsSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { type Check, hostCalls } from "@slipstream/contract/ports/host.ts";
import { readConfig } from "#platform/config.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { type Installation, readInstallation } from "#platform/installation.ts";
import { checksOf, type Machine } from "#platform/machine.ts";
import { probeMachine } from "#platform/machine-probe.ts";
import { isAlive } from "#platform/process-identity.ts";
import { foreignFiles } from "./supervisor/owners.ts";
import { readState } from "./supervisor/state.ts";

const sandboxesOf = async (home: Home): Promise<Machine["sandboxes"]> => {
  try {
    return (await callers(hostCalls, home.hostSocket).status({}, { timeoutMs: 5_000 })).sandboxes;
  } catch {
    return [];
  }
};

/** What only the host process knows: the networks of apps. */
const networkChecks = async (home: Home): Promise<Check[]> => {
  try {
    return (await callers(hostCalls, home.hostSocket).doctor({}, { timeoutMs: 5_000 })).checks;
  } catch {
    return [];
  }
};

/** What of SLIP_HOME no process could read. */
const homeChecks = (home: Home, installation: Installation): Check[] =>
  foreignFiles(home, installation).map(({ file, command }) => {
    const detail = `${file} does not belong to the process that needs it`;
    return { name: "owners", state: "failed", detail, fix: `${command}, then slip up` };
  });

const config = readConfig();
const home = homeAt(config.home);

/** The installation that is there; or what is wrong with it. */
const known = ((): { installation?: Installation; checks: Check[] } => {
  if (!existsSync(home.installation)) return { checks: [] };
  try {
    const installation = readInstallation(home);
    return { installation, checks: homeChecks(home, installation) };
  } catch (error) {
    if (!(error instanceof SlipError)) throw error;
    return { checks: [{ name: "installation", state: "failed", detail: error.message, fix: error.next }] };
  }
})();

const state = readState(home);
const running = state !== undefined && isAlive(state.supervisor);
const { httpPort, httpsPort } = known.installation ?? config;
const machine = await probeMachine({ home: config.home, ports: [httpPort, httpsPort], running, sandboxes: running ? await sandboxesOf(home) : [] });
const networks = running ? await networkChecks(home) : [];
process.stdout.write(`${JSON.stringify({ checks: [...known.checks, ...checksOf(machine), ...networks] })}\n`);
