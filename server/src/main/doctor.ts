// Prints as JSON what this machine can do and what is missing. Sandboxes are tried by the host process, so they are told of when it runs.
import { existsSync } from "node:fs";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { type Check, hostCalls } from "@slipstream/contract/ports/host.ts";
import { readConfig } from "#platform/config.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { readInstallation } from "#platform/installation.ts";
import { checksOf, type Machine } from "#platform/machine.ts";
import { probeMachine } from "#platform/machine-probe.ts";
import { isAlive } from "#platform/process-identity.ts";
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

const config = readConfig();
const home = homeAt(config.home);
const state = readState(home);
const running = state !== undefined && isAlive(state.supervisor);
const { httpPort, httpsPort } = existsSync(home.installation) ? readInstallation(home) : config;
const machine = await probeMachine({ home: config.home, ports: [httpPort, httpsPort], running, sandboxes: running ? await sandboxesOf(home) : [] });
const networks = running ? await networkChecks(home) : [];
process.stdout.write(`${JSON.stringify({ checks: [...checksOf(machine), ...networks] })}\n`);
