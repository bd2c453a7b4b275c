// host.ts: builds and instances of this machine.
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import { wakeCalls } from "@slipstream/contract/ports/wake.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import { type Handlers, serveCalls } from "#platform/calls.ts";
import { readConfig } from "#platform/config.ts";
import { removeTree } from "#platform/files.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { readInstallation, uids } from "#platform/installation.ts";
import { type Log, logOf } from "#platform/log.ts";
import { layerFolder } from "#platform/oci/layout.ts";
import { type BuildAccount, buildHandlers, prepareToolchains, recoverBuilds } from "../build/handlers.ts";
import { collectLogs } from "../observability/store/collect.ts";
import { logWriter } from "../observability/store/writer.ts";
import { openRuntime, type Runtime } from "../runtime/runtime.ts";
import { isPlatformStopping, watchSupervisor } from "./supervisor/watch.ts";

/** The layers of instances, which are the build plane's to renew and the runtime's to use. */
class UsedLayers {
  readonly #home: Home;
  readonly #runtime: Runtime;

  constructor(home: Home, runtime: Runtime) {
    this.#home = home;
    this.#runtime = runtime;
  }

  instancesOn(layer: Digest) {
    return this.#runtime.workloads.using(layerFolder(this.#home, layer));
  }

  workloadsOn(layer: Digest): string[] {
    return [...new Set(this.instancesOn(layer).map(({ place }) => place.workload))];
  }

  /** One that an instance is just being started from waits for the next time: that deployment would fail of it. */
  async renew(layer: Digest, layers: BuildAccount["layers"], log: Log): Promise<void> {
    if (this.instancesOn(layer).some(({ isProven }) => !isProven)) return;
    const old = await layers.renew(layer);
    if (old === undefined) return;
    log.warn("a layer was damaged and is unpacked anew; what uses it is started again", { layer, workloads: this.workloadsOn(layer).join(" ") });
    for (const instance of this.instancesOn(layer)) instance.kill(unpackedAnew);
    await this.#runtime.workloads.dropSpares(layerFolder(this.#home, layer));
    await removeTree(old);
  }
}

const unpackedAnew = "A file of the artifact was damaged on this machine. The artifact is unpacked anew, and the program started again.";

interface Planes {
  home: Home;
  runtime: Runtime;
  builds: ReturnType<typeof buildHandlers>;
  log: Log;
}

/** What both planes answer together, besides what each answers alone. */
const handlersOf = ({ home, runtime, builds, log }: Planes): Handlers<typeof hostCalls> => {
  const { buildsUnderway, found, incomplete, sweep, layers, collect, ...others } = builds;
  const used = new UsedLayers(home, runtime);
  return {
    ...others,
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
        changed: changed.map((it) => ({ ...it, workloads: used.workloadsOn(it.layer) })),
      };
    },
    async sweep({ things, instances, artifacts, layers: changed }) {
      for (const layer of changed) await used.renew(layer, layers, log);
      return { removed: [...(await runtime.sweep(things, instances)), ...(await sweep(things, artifacts))] };
    },
  };
};

const main = async (): Promise<void> => {
  const config = readConfig();
  const home = homeAt(config.home);
  const installation = readInstallation(home);
  const users = uids(installation);
  const log = logOf("host");
  const logs = logWriter(home.hostLogs, { group: users.control, log });
  const runtime = await openRuntime({
    home,
    installation,
    logs,
    log,
    gitHosts: config.gitHosts,
    ...(config.spares === undefined ? {} : { spares: config.spares }),
  });
  await recoverBuilds(home);
  const { runner, withFetchNetwork: withNetwork, workloads } = runtime;
  const builds = buildHandlers({ home, uids: users, runner, withNetwork, logs, log, layersInUse: () => Promise.resolve(workloads.layersInUse()) });
  const calls = await serveCalls(hostCalls, handlersOf({ home, runtime, builds, log }), { socketPath: home.hostSocket, group: users.group, log });
  const wakes = await serveCalls(wakeCalls, { wake: ({ id }) => workloads.wake(id).then(() => ({})) }, { socketPath: home.wakeSocket, group: users.edge, log });
  watchSupervisor(home, config);
  prepareToolchains(home).catch((error: unknown) => log.error("The usual toolchains could not be made", error));
  log.info("The host serves", { workloads: workloads.list().length, sandbox: runtime.sandboxes().default });
  process.once("SIGTERM", () => {
    for (const served of [calls, wakes]) served.close();
    runtime.close(isPlatformStopping(home)).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("The host did not end cleanly", error);
        process.exit(1);
      },
    );
  });
};

if (import.meta.main) await main();
