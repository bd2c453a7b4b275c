// Sandboxes made by an OCI runtime under conmon. Everything of one lies in its bundle, a folder on the tmpfs of the installation.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxSpec } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { exec } from "#platform/exec.ts";
import { hasClients } from "../instances/listening.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Launcher } from "../launcher/launcher.ts";
import type { OutputLine } from "../output/output-line.ts";
import { OutputTail } from "../output/output-tail.ts";
import { Cgroup } from "./cgroup.ts";
import { conmonOf, conmonPidPath, createUnderConmon, endOf, logPath, pidPath, readPid } from "./conmon.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import { followsOutside } from "./mount-info.ts";
import { type OciInput, ociConfig } from "./oci-config.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import type { Hold, ProgramSandbox, Tail } from "./program-sandbox.ts";
import {
  changeFile,
  changeLayers,
  hostsPath,
  hostsText,
  layersNow,
  mountApp,
  mountRoot,
  mountRootAgain,
  platformFiles,
  rootOf,
  shareRoot,
  unmountRoot,
} from "./rootfs.ts";
import { askToEnd } from "./termination.ts";

export interface SandboxGround {
  /** Parent group of all sandboxes, "/slipstream-ab12cd". */
  group: string;
  /** User of the programs that are started without one of their own. */
  uid: number;
  /** Each sandbox's folder. */
  bundles: string;
  /** conmon writes exit codes here, each in a file named by the sandbox. */
  exits: string;
  resolvConf: string;
  meter: CpuMeter;
  kernel: Kernel;
  launcher: Launcher;
}

export interface Launch {
  spec: SandboxSpec;
  address: string;
  uid?: number;
  overlay: { upper: string; work: string } | undefined;
  /** What its CPU time is counted for. */
  account?: string | undefined;
  /** Called when all is there, and right before the program begins. */
  created?: (() => void) | undefined;
}

/** The program could not be started; `message` is in the runtime's words. */
export class LaunchError extends Error {}

/** Tries of a conmon that is killed before it has made the sandbox. */
const launchesMax = 3;

/** Lines that are not read yet: in memory, for every sandbox that floods its log. They are read while they are written. */
const logBytes = 4 * 2 ** 20;

/** Descriptors a process may have open at most; more than this process may have itself cannot be given on. */
const openFilesMax = (): number => {
  const line = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return line ? Number(line[1]) : 1_024;
};

export class OciSandbox implements ProgramSandbox {
  readonly kind: SandboxKind;
  readonly #runtime: OciRuntime;
  readonly #ground: SandboxGround;

  constructor(runtime: OciRuntime, ground: SandboxGround) {
    this.kind = runtime.kind;
    this.#runtime = runtime;
    this.#ground = ground;
  }

  bundle(id: string): string {
    return join(this.#ground.bundles, id);
  }
  output(id: string): string {
    return logPath(this.bundle(id));
  }
  exitFile(id: string): string {
    return join(this.#ground.exits, id);
  }
  cgroup(id: string): Cgroup {
    return new Cgroup(`${this.#ground.group}/${id}`);
  }
  hold(id: string): Hold {
    return this.cgroup(id);
  }
  follow(id: string, take: (line: OutputLine) => void): Tail {
    return new OutputTail(this.output(id), join(this.bundle(id), "place.json"), take);
  }
  /** Process id on the host of the sandbox's first process. */
  pid(id: string): number | undefined {
    return readPid(pidPath(this.bundle(id)));
  }
  hasClients(id: string, port: number): boolean {
    const pid = this.pid(id);
    return pid === undefined || hasClients(pid, port);
  }

  /** Whether one that waits for its app sees what is mounted for it outside: not every runc lets that in. */
  seesApp(id: string): boolean {
    return this.#runtime.followsRoot || followsOutside(this.pid(id), "/app");
  }

  /** Starts the program. Rejects with LaunchError, after which the caller removes what there is. */
  async start(launch: Launch): Promise<void> {
    mkdirSync(this.bundle(launch.spec.id), { recursive: true, mode: 0o711 });
    this.count(launch.spec.id, launch.account);
    await this.#run(launch.spec.id, launch.spec.network, this.#prepare(launch), launch.created);
  }

  /** Gives a sandbox whose program waits for it the app of `launch`, mounted from `app`. */
  async furnish({ spec: { id, hostname }, address }: Launch, app: readonly string[]): Promise<void> {
    const mounted = mountApp(this.#ground.kernel, this.bundle(id), app);
    // It may have the address of another one; all else of these files is as it was.
    changeFile(this.bundle(id), hostsPath, hostsText({ hostname, address }));
    await mounted;
  }

  /** Has a sandbox that became the program of `launch` be that from its next start on. */
  become(launch: Launch): void {
    const { id, layers } = launch.spec;
    this.count(id, launch.account);
    this.#configure(launch);
    changeLayers(this.bundle(id), layers);
  }

  /** Says what the CPU time of a sandbox is counted for; to be said again by the host process that takes it over. */
  count(id: string, account: string | undefined): void {
    this.#ground.meter.open(id, account);
  }

  /** Begins a program whose launch was cut off after `created`; one that has begun goes on. */
  async begin(id: string, network: string): Promise<void> {
    if (await this.#runtime.release?.(id)) return;
    await exec([...this.#runtime.command(network), "start", id], { timeoutMs: this.#runtime.createMs });
  }

  /**
   * Starts the program of an instance that has run before anew, with the same configuration. Its layers are mounted anew too: they may
   * have been unpacked again since. Rejects with LaunchError; it can be tried again.
   */
  async restart(id: string, network: string): Promise<void> {
    if (this.#takeReady(id) && (await this.#runtime.release?.(id))) return;
    await this.#createAgain(id, network, true);
    await this.#letGo(id, network, true);
  }

  /** Does of the next `restart` all that comes before the program, where what is created holds next to nothing. Rejects as that does. */
  async makeReady(id: string, network: string): Promise<void> {
    if (!this.#runtime.waitsAtNoCost || this.isReady(id)) return;
    const layers = layersNow(this.bundle(id));
    await this.#createAgain(id, network);
    writeFileSync(this.#ready(id), layers);
  }

  /** Whether nothing of the next `restart` is left to do but to begin the program. */
  isReady(id: string): boolean {
    return existsSync(this.#ready(id)) && this.isAlive(id);
  }

  /** Says of what folders the root of a program is that was created and has not begun. */
  #ready(id: string): string {
    return join(this.bundle(id), "ready");
  }
  /** From here on it counts as begun. False also where layers were unpacked anew since. */
  #takeReady(id: string): boolean {
    const isReady = this.isReady(id) && readFileSync(this.#ready(id), "utf8") === layersNow(this.bundle(id));
    rmSync(this.#ready(id), { force: true });
    return isReady;
  }

  async #createAgain(id: string, network: string, begins = false): Promise<void> {
    if (!this.#takeCleared(id)) {
      await this.#end(id, network);
      await unmountRoot(this.bundle(id));
    }
    const mounted = mountRootAgain(this.#ground.kernel, this.bundle(id)).catch((error: unknown) => Promise.reject(new LaunchError(String(error))));
    this.#showCgroup(id);
    await this.#create(id, network, { ready: mounted, begins });
  }

  /** Says that nothing is left of the program's last run. */
  #cleared(id: string): string {
    return join(this.bundle(id), "cleared");
  }
  #takeCleared(id: string): boolean {
    const isCleared = existsSync(this.#cleared(id));
    rmSync(this.#cleared(id), { force: true });
    return isCleared;
  }

  async #run(id: string, network: string, ready: Promise<void>, created?: () => void): Promise<void> {
    // What is done in between needs one that waits.
    const begins = created === undefined;
    await this.#create(id, network, { ready, begins });
    created?.();
    await this.#letGo(id, network, begins);
  }

  /** The program waits to be begun, but with `begins` where the runtime can begin it as well. */
  async #create(id: string, network: string, { ready, begins }: { ready: Promise<void>; begins: boolean }): Promise<void> {
    const { launcher, exits: exitFolder } = this.#ground;
    const { createMs: timeoutMs, command, maker, beginner } = this.#runtime;
    const bundle = this.bundle(id);
    const make = (begins ? beginner : undefined) ?? maker ?? (() => ({ runtime: command(network) }));
    const plan = { id, bundle, exitFolder, logBytes, ...make({ network, bundle }) };
    let made = await createUnderConmon(launcher, plan, { ready, timeoutMs });
    for (let tries = 1; "error" in made && made.lost && tries < launchesMax; tries += 1) {
      await this.#delete(id, network);
      made = await createUnderConmon(launcher, plan, { ready: Promise.resolve(), timeoutMs });
    }
    if ("error" in made) throw new LaunchError(made.error);
    this.#runtime.prepare?.(made.pid);
  }

  /** `begins` as it was created with. */
  async #letGo(id: string, network: string, begins: boolean): Promise<void> {
    if (begins && this.#runtime.beginner) return;
    if (await this.#runtime.release?.(id)) return;
    const started = await exec([...this.#runtime.command(network), "start", id], { timeoutMs: this.#runtime.createMs });
    if (started.code !== 0) throw new LaunchError(started.stderr.trim() || started.stdout.trim() || "the runtime did not start it");
  }

  #showCgroup(id: string): OciInput["cgroupView"] {
    return this.#runtime.showsCgroups ? this.cgroup(id).view() : undefined;
  }

  /** Exit code, or undefined while it runs. */
  exitCode(id: string): number | undefined {
    if (!existsSync(this.exitFile(id))) return undefined;
    const text = readFileSync(this.exitFile(id), "utf8").trim();
    return text === "" ? undefined : Number(text);
  }

  /** False when the program is gone, also when conmon was killed before it could write an exit code. */
  isAlive(id: string): boolean {
    const pid = this.pid(id);
    return pid !== undefined && this.exitCode(id) === undefined && existsSync(`/proc/${pid}`) && !this.isLost(id);
  }

  endStill(id: string): void {
    if (this.#runtime.waitsForKilled && this.cgroup(id).oomKills() > 0 && this.exitCode(id) === undefined) this.kill(id);
  }

  /** Whether conmon was killed: nobody takes the program's output then, and its exit code is never known. */
  isLost(id: string): boolean {
    return existsSync(conmonPidPath(this.bundle(id))) && this.exitCode(id) === undefined && conmonOf(this.bundle(id)) === undefined;
  }

  /** It is its own alone. */
  proven(): void {}

  askToEnd(id: string, graceMs: number, hurry: AbortSignal): Promise<void> {
    return askToEnd({ first: this.pid(id), pids: () => this.cgroup(id).pids() }, graceMs, hurry);
  }

  kill(id: string): void {
    this.cgroup(id).kill();
  }
  renew(id: string): void {
    this.kill(id);
  }

  /** Its first process, where it was not in the group yet. */
  #killFirst(id: string): void {
    const pid = this.pid(id);
    if (pid === undefined || this.exitCode(id) !== undefined) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /** Ends the program and keeps what it takes to start it anew (`restart`), which has nothing to clear away then. */
  async stop(id: string, network: string): Promise<void> {
    await this.#end(id, network);
    await unmountRoot(this.bundle(id));
    if (existsSync(this.bundle(id))) writeFileSync(this.#cleared(id), "");
  }

  async #end(id: string, network: string): Promise<void> {
    await this.#kill(id);
    await this.#delete(id, network);
  }

  async #kill(id: string): Promise<void> {
    const conmon = conmonOf(this.bundle(id));
    this.cgroup(id).kill();
    this.#killFirst(id);
    if (conmon !== undefined) await endOf(conmon);
  }

  /** Ends what runs and removes everything of it but its folder's output. Absent is fine. */
  async remove(id: string, network: string): Promise<void> {
    await this.#end(id, network);
    await unmountRoot(this.bundle(id));
    await this.cgroup(id).remove();
    rmSync(this.exitFile(id), { force: true });
    rmSync(this.bundle(id), { recursive: true, force: true });
    this.#ground.meter.close(id);
  }

  async #delete(id: string, network: string): Promise<void> {
    this.#ground.meter.keep(id);
    const inside = existsSync(network) ? this.#runtime.command(network) : this.#runtime.command("/proc/self/ns/net");
    await exec([...inside, "delete", "--force", id], { timeoutMs: this.#runtime.createMs });
    rmSync(this.exitFile(id), { force: true });
    for (const path of [pidPath(this.bundle(id)), conmonPidPath(this.bundle(id)), this.#ready(id)]) rmSync(path, { force: true });
  }

  async #prepare(launch: Launch): Promise<void> {
    const { spec, overlay } = launch;
    const bundle = this.bundle(spec.id);
    this.#configure(launch);
    await mountRoot(this.#ground.kernel, { bundle, layers: spec.layers, overlay, mounts: spec.mounts, files: this.#filesOf(launch) });
    if (spec.appComesLater) await shareRoot(bundle);
  }

  #filesOf({ spec, address, uid = this.#ground.uid }: Launch): Record<string, string> {
    return platformFiles({ uid, hostname: spec.hostname, address, resolvConf: this.#ground.resolvConf });
  }

  #configure({ spec, overlay, uid = this.#ground.uid }: Launch): void {
    const { joinsNetwork, followsRoot, seccomp, userNamespace, annotations } = this.#runtime;
    const bundle = this.bundle(spec.id);
    const limits = { ...spec.limits, openFiles: Math.min(spec.limits.openFiles, openFilesMax()) };
    const input = {
      root: rootOf(bundle),
      readOnlyRoot: overlay === undefined,
      uid,
      cgroup: `${this.#ground.group}/${spec.id}`,
      joinsNetwork,
      followsRoot,
      seccomp,
      userNamespace,
      cgroupView: this.#showCgroup(spec.id),
      annotations: annotations?.() ?? {},
    };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(ociConfig({ spec: { ...spec, limits }, ...input })), { mode: 0o600 });
  }
}
