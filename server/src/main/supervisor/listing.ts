// What is shown of the processes of an installation, for 'slip status'. It reads files only, so it answers when nothing runs.
import { existsSync } from "node:fs";
import { homeAt } from "#platform/home.ts";
import { readInstallation } from "#platform/installation.ts";
import { memoryOf, memoryOfFamily } from "#platform/memory.ts";
import { isAlive, isHalted, type ProcessIdentity } from "#platform/process-identity.ts";
import { type ProcessRecord, readState } from "./state.ts";

/** In the words of people: what answers, runs. */
const words = { starting: "starting", ready: "running", backoff: "restarting", stopped: "stopped", stopping: "stopping" } as const;

/** What it was last known to be, unless it was halted since. */
const stateOf = (identity: ProcessIdentity, known: keyof typeof words): string => (isHalted(identity) ? "halted" : words[known]);

const shown = (record: ProcessRecord) => {
  const { name, restarts, since } = record;
  const state = words[record.state];
  if (!isAlive(record)) return { name, pid: null, state: state === "running" || state === "starting" ? "ended" : state, restarts, since, memoryBytes: null };
  return { name, pid: record.pid, state: stateOf(record, record.state), restarts, since, memoryBytes: memoryOfFamily(record.pid) ?? null };
};

/** Of the installation in the folder `root`, whoever runs it. */
export const processesOf = (root: string) => {
  const home = homeAt(root);
  const state = readState(home);
  const alive = state !== undefined && isAlive(state.supervisor);
  const installation = existsSync(home.installation) ? readInstallation(home) : undefined;
  const supervisor = alive
    ? [
        {
          name: "supervisor",
          pid: state.supervisor.pid,
          state: stateOf(state.supervisor, state.supervisor.state),
          restarts: 0,
          memoryBytes: memoryOf(state.supervisor.pid) ?? null,
        },
      ]
    : [];
  return {
    running: alive && state.supervisor.state === "ready",
    home: root,
    supervisor: alive ? state.supervisor : null,
    installation: installation?.id ?? null,
    httpPort: installation?.httpPort ?? null,
    httpsPort: installation?.httpsPort ?? null,
    processes: [...supervisor, ...(state?.processes ?? []).filter(({ state: process }) => process !== "stopped").map(shown)],
  };
};
