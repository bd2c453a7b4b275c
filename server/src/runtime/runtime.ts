// The runtime of one machine: all its parts made of one another, opened, looked into and closed.
import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { Check, HostStatus } from "@slipstream/contract/ports/host.ts";
import type { Held, MachineThing } from "@slipstream/contract/ports/inspection.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { Runner, WithFetchNetwork } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Handlers } from "#platform/calls.ts";
import type { Home } from "#platform/home.ts";
import { type Installation, uids } from "#platform/installation.ts";
import type { Log } from "#platform/log.ts";
import type { RuntimeGround } from "./ground.ts";
import { type RuntimeCalls, runtimeHandlers } from "./handlers.ts";
import { foundOnMachine } from "./inspection/found.ts";
import { sweepMachine } from "./inspection/sweep.ts";
import { Waits } from "./instances/health.ts";
import { Records } from "./instances/record.ts";
import { Isolates } from "./isolates/isolates.ts";
import { Kernel } from "./kernel/kernel.ts";
import { Launcher } from "./launcher/launcher.ts";
import { FetchNetworks } from "./network/fetch-networks.ts";
import { forwardingCheck } from "./network/forwarding.ts";
import { NetworkPool } from "./network/pool.ts";
import { resolvConf, resolvers, resolversCheck } from "./network/resolvers.ts";
import { Exits } from "./output/exits.ts";
import { JobRecords } from "./runs/job-records.ts";
import { Jobs } from "./runs/jobs.ts";
import { type RunGround, runName, SandboxRunner } from "./runs/runner.ts";
import { trySandbox } from "./runs/trial.ts";
import { Cgroup, groupOf, sandboxMemory } from "./sandboxes/cgroup.ts";
import { CpuMeter } from "./sandboxes/cpu-meter.ts";
import { makeMachineLayer } from "./sandboxes/machine-layer.ts";
import { OciSandbox, type SandboxGround } from "./sandboxes/oci-sandbox.ts";
import { unmountSystemView } from "./sandboxes/runc/system-view.ts";
import { probeSandboxes, type SandboxSet } from "./sandboxes/sandbox-set.ts";
import { candidates, requirePrograms } from "./sandboxes/sandboxes.ts";
import { Spares } from "./spares/spares.ts";
import { adoptAll, adoptable, orphans } from "./workloads/adopt.ts";
import { Workloads } from "./workloads/workloads.ts";

export interface RuntimeDependencies {
  home: Home;
  installation: Installation;
  logs: LogWriter;
  log: Log;
  /** Hosts that git fetches reach besides the internet. */
  gitHosts: readonly string[];
  /** Whether crun takes the place of runc where it is installed; yes unless it is said. */
  crun?: boolean;
  /** What parked workloads may hold of the memory together; undefined = as the limit says. */
  parkedBytes?: number;
  /** How many sandboxes wait for the next app; undefined = as the limit says, 0 = nothing is made in advance. */
  spares?: number;
  /** How many sandboxes of apps that were ended are made in advance; undefined = as the limit says. */
  ahead?: number;
  /** In place of the limit. */
  functionsIdleMs?: number;
}

export interface Runtime {
  handlers: Handlers<RuntimeCalls>;
  runner: Runner;
  withFetchNetwork: WithFetchNetwork;
  workloads: Workloads;
  /** Sandboxes that wait for an app. */
  spares: Pick<Spares, "waiting" | "clear" | "closed">;
  sandboxes: () => SandboxSet;
  status(): Omit<HostStatus, "builds">;
  /** What the runtime holds, and what of it is on the machine. */
  inspect(): Promise<{ held: Omit<Held, "builds">; found: MachineThing[] }>;
  /** Removes things that nothing holds, and gives those that were removed; ends the programs of `instances`, which are started again. */
  sweep(things: readonly MachineThing[], instances: readonly string[]): Promise<MachineThing[]>;
  /**
   * Ends runs, and lets go of instances without ending them. With `remove`, and when no instance is left, the networks in reserve,
   * the rules and the control groups go too.
   */
  close(remove: boolean): Promise<void>;
}

const readyNetworks = 4;
class LocalRuntime implements Runtime {
  readonly handlers: Handlers<RuntimeCalls>;
  readonly runner: Runner;
  readonly withFetchNetwork: WithFetchNetwork = (tell, act) => this.#fetches.with(tell, act);
  readonly workloads: Workloads;
  readonly #runner: SandboxRunner;
  readonly #dependencies: RuntimeDependencies;
  readonly #resolvers = resolvers();
  readonly #pool: NetworkPool;
  readonly #fetches: FetchNetworks;
  readonly #exits: Exits;
  readonly #hurry = new AbortController();
  readonly #jobs: Jobs;
  readonly #jobRecords: JobRecords;
  readonly #ground: RuntimeGround;
  readonly #runGround: RunGround;
  readonly #meter: CpuMeter;
  readonly #kernel = new Kernel();
  readonly #launcher = new Launcher();
  readonly spares: Spares;
  #set: SandboxSet | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(dependencies: RuntimeDependencies) {
    const { home, installation, logs, log, gitHosts } = dependencies;
    this.#dependencies = dependencies;
    this.#meter = new CpuMeter((sandbox) => new Cgroup(`${groupOf(installation)}/${sandbox}`));
    this.#pool = new NetworkPool({
      id: installation.id,
      subnet: installation.subnet,
      resolvers: this.#resolvers,
      ready: readyNetworks,
      kernel: this.#kernel,
      log,
    });
    this.#fetches = new FetchNetworks({ id: installation.id, pool: this.#pool, resolvers: this.#resolvers, hosts: gitHosts });
    this.#exits = new Exits(home.exits);
    this.spares = new Spares({ pool: this.#pool, log, most: dependencies.spares ?? limit("spares"), sandbox: (kind) => this.#ground.sandbox(kind) });
    this.#runGround = { pool: this.#pool, exits: this.#exits, held: new Map() };
    this.#ground = {
      home,
      logs,
      log,
      pool: this.#pool,
      spares: this.spares,
      isolates: new Isolates({
        pool: this.#pool,
        exits: this.#exits,
        log,
        idleMs: dependencies.functionsIdleMs ?? limit("functionsIdleMs"),
        bundles: home.instances,
        sandbox: (kind) => this.#ground.sandbox(kind),
      }),
      exits: this.#exits,
      records: new Records(home),
      waits: new Waits(),
      sandbox: (kind) => this.sandboxes().on(this.#sandboxGround(home.instances), kind),
      defaultSandbox: () => this.sandboxes().default,
      parkedBytes: dependencies.parkedBytes ?? (totalmem() * limit("parkedMemoryPercent")) / 100,
      ahead: dependencies.ahead ?? (dependencies.spares === 0 ? 0 : limit("ahead")),
      hurry: this.#hurry.signal,
    };
    this.workloads = new Workloads(this.#ground);
    this.#jobRecords = new JobRecords(home.jobs);
    this.#runner = new SandboxRunner(this.#runGround, (kind) => this.sandboxes().on(this.#sandboxGround(home.runs), kind ?? this.#runSandbox()));
    this.runner = this.#runner.run;
    this.#jobs = new Jobs({ home, logs, runner: this.#runner, records: this.#jobRecords, defaultSandbox: () => this.sandboxes().default });
    this.handlers = runtimeHandlers({ workloads: this.workloads, jobs: this.#jobs, meter: this.#meter, logs, checks: () => this.#checks() });
  }

  sandboxes(): SandboxSet {
    if (!this.#set) throw new Error("The sandboxes were not looked for yet.");
    return this.#set;
  }

  status(): Omit<HostStatus, "builds"> {
    const { findings, default: defaultSandbox } = this.sandboxes();
    return { sandboxes: [...findings], defaultSandbox, workloads: this.workloads.list() };
  }

  async inspect(): Promise<{ held: Omit<Held, "builds">; found: MachineThing[] }> {
    const found = await foundOnMachine(this.#dependencies);
    return { held: this.#held(), found };
  }

  async sweep(things: readonly MachineThing[], instances: readonly string[]): Promise<MachineThing[]> {
    for (const instance of this.workloads.present) if (instances.includes(instance.id)) instance.kill();
    const { home, installation } = this.#dependencies;
    const sandboxes = [home.instances, home.runs].flatMap((bundles) => this.sandboxes().all(this.#sandboxGround(bundles)));
    const ground = {
      ...this.#dependencies,
      sandboxes,
      egress: { id: installation.id, subnet: installation.subnet, resolvers: this.#resolvers },
      forgetWorkload: (id: string) => this.#ground.records.forgetWorkload(id),
      forgetJob: (id: string) => this.#jobs.cancel(id),
    };
    return await sweepMachine(ground, things, { ...this.#held(), builds: [] });
  }

  #held(): Omit<Held, "builds"> {
    const runs = [...this.#runGround.held].map(([sandbox, slot]) => ({ sandbox, network: slot.name, runs: false }));
    const waiting = this.#jobs.waiting.map(({ id, slot }) => ({ sandbox: runName(id), network: this.#pool.slot(slot).name, runs: false }));
    const { held, present } = this.workloads;
    return {
      sandboxes: [...present.map(({ place }) => place), ...runs, ...waiting, ...this.spares.held, ...this.#ground.isolates.held],
      networks: [...this.#pool.reserve, ...this.#fetches.names],
      workloads: held,
    };
  }

  /** Rules, networks, sandboxes; takes over what runs and removes what nothing owns. */
  async open(): Promise<void> {
    requirePrograms();
    this.#kernel.open();
    this.#launcher.open();
    if (!this.#group().boundMemory(sandboxMemory(totalmem())))
      this.#dependencies.log.info("this machine does not bound the memory of all sandboxes together", { group: this.#group().group });
    const { home, installation, crun = true } = this.#dependencies;
    const { sandboxRoot } = uids(installation);
    const found = adoptable(this.#ground);
    const unfinished = this.#jobRecords.all().filter(({ result }) => result === undefined);
    await this.#pool.open([...found, ...unfinished]);
    const layer = join(home.runtimes, "trial");
    await makeMachineLayer(layer, { "bin/true": "/bin/true" });
    this.#set = await probeSandboxes(await candidates({ ...home, sandboxRoot, crun }), (runtime) =>
      trySandbox(this.#runGround, new OciSandbox(runtime, this.#sandboxGround(home.runs)), layer),
    );
    const records = found.filter(({ sandbox }) => this.sandboxes().has(sandbox));
    adoptAll(this.#ground, this.workloads, records);
    const jobs = unfinished.filter((job) => this.sandboxes().has(job.sandbox) && this.#runner.isThere(job));
    this.#jobs.adopt(jobs);
    const processes = records.flatMap(({ isolate }) => isolate?.process ?? []);
    await this.#removeOrphans(new Set([...records.map(({ instance }) => instance), ...processes, ...jobs.map(({ id }) => runName(id))]));
    this.#looking = setInterval(() => this.workloads.look(), limit("sleepLookMs")).unref();
    for (const job of unfinished) if (!jobs.includes(job)) await this.#pool.release(this.#pool.slot(job.slot));
  }

  async close(remove: boolean): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all([this.#runner.close(), this.spares.close(), this.workloads.close()]);
    if (remove) {
      this.#hurry.abort();
      await this.workloads.settled();
    }
    const everything = remove && this.workloads.list().length === 0;
    this.workloads.abandon();
    await this.#dependencies.logs.flush();
    this.#exits.close();
    await this.#pool.close(everything);
    this.#kernel.close();
    this.#launcher.close();
    if (!everything) return;
    await this.#group().remove();
    await unmountSystemView(this.#dependencies.home.systemView);
  }

  /** Of all sandboxes. */
  #group(): Cgroup {
    return new Cgroup(groupOf(this.#dependencies.installation));
  }

  #sandboxGround(bundles: string): SandboxGround {
    const { home, installation } = this.#dependencies;
    const { exits } = home;
    const machine = { group: groupOf(installation), uid: uids(installation).app, resolvConf: resolvConf(this.#resolvers) };
    return { ...machine, bundles, exits, meter: this.#meter, kernel: this.#kernel, launcher: this.#launcher };
  }

  /** Builds are thousands of short system calls: under a kernel in user space they take many times as long. */
  #runSandbox(): SandboxKind {
    return this.sandboxes().findings.find(({ kind, works }) => kind === "runc" && works)?.kind ?? this.sandboxes().default;
  }

  async #checks(): Promise<Check[]> {
    return [resolversCheck(this.#resolvers), await forwardingCheck(this.#dependencies.installation.id), ...this.sandboxes().check()];
  }

  async #removeOrphans(known: ReadonlySet<string>): Promise<void> {
    const { home, installation, log } = this.#dependencies;
    for (const bundles of [home.instances, home.runs])
      for (const id of orphans(bundles, groupOf(installation), known)) {
        if (!existsSync(join(bundles, id)) && bundles === home.instances) continue;
        log.info("something that an earlier process left is removed", { id });
        for (const sandbox of this.sandboxes().all(this.#sandboxGround(bundles))) await sandbox.remove(id, "");
      }
  }
}

/** The runtime of this machine, with what an earlier process left taken over. Rejects with `missing_program`. */
export const openRuntime = async (dependencies: RuntimeDependencies): Promise<Runtime> => {
  const runtime = new LocalRuntime(dependencies);
  await runtime.open();
  return runtime;
};
