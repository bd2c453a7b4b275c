// gVisor without a platform: `runsc run` of a Node program, until its first answer.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { answers, freePort } from "./deploy.ts";

const configOf = (port: number): unknown => ({
  ociVersion: "1.0.2",
  process: {
    user: { uid: 1_000, gid: 1_000 },
    args: ["/bin/node", "/app/server.js"],
    env: ["PATH=/bin", `PORT=${port}`],
    cwd: "/app",
    noNewPrivileges: true,
    capabilities: {},
  },
  root: { path: "rootfs", readonly: true },
  mounts: [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/tmp", type: "tmpfs", source: "tmpfs" },
  ],
  linux: { namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })) },
});

const place = (root: string, path: string, source: string): void => {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  copyFileSync(realpathSync(source), join(root, path));
};

export class RawRunsc implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "slip-runsc-"));
  #count = 0;

  /** `program` is the text of a server that listens on PORT. */
  constructor(program: string) {
    const root = join(this.#folder, "rootfs");
    place(root, "/bin/node", process.execPath);
    const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
    for (const [, path = ""] of libraries.matchAll(/(\/\S+) \(0x/g)) place(root, path, path);
    mkdirSync(join(root, "app"));
    writeFileSync(join(root, "app", "server.js"), program);
  }

  /** Milliseconds from the command to the first answer. */
  async start(): Promise<number> {
    const port = await freePort();
    writeFileSync(join(this.#folder, "config.json"), JSON.stringify(configOf(port)));
    this.#count += 1;
    const name = `slip-raw-${process.pid}-${this.#count}`;
    const start = performance.now();
    const child = spawn("runsc", this.#command("--network=host", "--platform=ptrace", "--ignore-cgroups", "run", "--bundle", this.#folder, name), {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    try {
      while (!(await answers(port))) {
        if (child.exitCode !== null) throw new Error(`runsc ended with ${child.exitCode}.`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return performance.now() - start;
    } finally {
      execFileSync("runsc", this.#command("kill", name, "KILL"), { stdio: "ignore" });
      await ended;
      execFileSync("runsc", this.#command("delete", "--force", name), { stdio: "ignore" });
    }
  }

  #command(...args: string[]): string[] {
    return [`--root=${join(this.#folder, "state")}`, ...args];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
