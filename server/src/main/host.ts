// host.ts: builds and instances of this machine.
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import { serveCalls } from "#platform/calls.ts";
import { readConfig } from "#platform/config.ts";
import { removeTree } from "#platform/files.ts";
import { homeAt } from "#platform/home.ts";
import { readInstallation, uids } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { layerFolder } from "#platform/oci/layout.ts";
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
const { buildsUnderway, found, incomplete, sweep, layers, collect, ...builds } = buildHandlers({
  home,
  uids: users,
  runner: runtime.runner,
  withNetwork: runtime.withFetchNetwork,
  logs,
  log,
  layersInUse: () => Promise.resolve(runtime.workloads.layersInUse()),
});

const instancesOn = (layer: Digest) => runtime.workloads.using(layerFolder(home, layer));
const workloadsOn = (layer: Digest): string[] => [...new Set(instancesOn(layer).map(({ place }) => place.workload))];

/** One that an instance is just being started from waits for the next time: that deployment would fail of it. */
const renewLayer = async (layer: Digest): Promise<void> => {
  if (instancesOn(layer).some(({ isProven }) => !isProven)) return;
  const old = await layers.renew(layer);
  if (old === undefined) return;
  log.warn("a layer was damaged and is unpacked anew; what uses it is started again", { layer, workloads: workloadsOn(layer).join(" ") });
  for (const instance of instancesOn(layer)) instance.remount();
  await removeTree(old);
};

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
      const changed = await layers.changed();
      const inspected = await runtime.inspect();
      return {
        held: { ...inspected.held, builds: buildsUnderway() },
        found: [...inspected.found, ...found()],
        incomplete: lacking,
        changed: changed.map((it) => ({ ...it, workloads: workloadsOn(it.layer) })),
      };
    },
    async sweep({ things, instances, artifacts, layers: changed }) {
      for (const layer of changed) await renewLayer(layer);
      return { removed: [...(await runtime.sweep(things, instances)), ...(await sweep(things, artifacts))] };
    },
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
