// host.ts: builds and instances of this machine.
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import { serveCalls } from "#platform/calls.ts";
import { readConfig } from "#platform/config.ts";
import { homeAt } from "#platform/home.ts";
import { readInstallation, uids } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { buildHandlers, prepareToolchains, recoverBuilds } from "../build/handlers.ts";
import { collectLogs } from "../observability/store/collect.ts";
import { logWriter } from "../observability/store/writer.ts";
import { openRuntime } from "../runtime/runtime.ts";
import { isPlatformStopping, watchSupervisor } from "./supervisor/watch.ts";

const config = readConfig();
const home = homeAt(config.home);
const installation = readInstallation(home);
const users = uids(installation);
const log = logOf("host");
const logs = logWriter(home.hostLogs, { group: users.control, log });

const runtime = await openRuntime({ home, installation, logs, log, gitHosts: config.gitHosts });
await recoverBuilds(home);
const { buildsUnderway, found, incomplete, sweep, collect, ...builds } = buildHandlers({
  home,
  uids: users,
  runner: runtime.runner,
  withNetwork: runtime.withFetchNetwork,
  logs,
  log,
  layersInUse: () => Promise.resolve(runtime.workloads.layersInUse()),
});
const calls = await serveCalls(
  hostCalls,
  {
    ...builds,
    ...runtime.handlers,
    async collect(kept, signal) {
      const [ofBuilds, ofLogs] = [await collect(kept, signal), await collectLogs(home.logs)];
      return { removed: ofBuilds.removed + ofLogs.removed, freedBytes: ofBuilds.freedBytes + ofLogs.freedBytes };
    },
    status: () => Promise.resolve({ ...runtime.status(), builds: buildsUnderway().length }),
    inspect: async ({ artifacts }) => {
      // Reading takes its time; what is held is of the same moment as what is found.
      const lacking = await incomplete(artifacts);
      const inspected = await runtime.inspect();
      return {
        held: { ...inspected.held, builds: buildsUnderway() },
        found: [...inspected.found, ...found()],
        incomplete: lacking,
      };
    },
    sweep: async ({ things, instances, artifacts }) => ({ removed: [...(await runtime.sweep(things, instances)), ...(await sweep(things, artifacts))] }),
  },
  { socketPath: home.hostSocket, group: users.group, log },
);
watchSupervisor(home, config);
prepareToolchains(home).catch((error: unknown) => log.error("The usual toolchains could not be made", error));
log.info("The host serves", { workloads: runtime.workloads.list().length, sandbox: runtime.sandboxes().default });

process.once("SIGTERM", () => {
  calls.close();
  runtime.close(isPlatformStopping(home)).then(
    () => process.exit(0),
    (error: unknown) => {
      log.error("The host did not end cleanly", error);
      process.exit(1);
    },
  );
});
