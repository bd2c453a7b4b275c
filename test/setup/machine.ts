// Installs what the tests need of the system, where it is missing: the programs that `slip` installs too, and two that look at results.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Programs and the Debian packages that bring them. */
const packages: Record<string, string> = {
  runc: "runc",
  conmon: "conmon",
  runsc: "runsc",
  ip: "iproute2",
  nft: "nftables",
  git: "git",
  skopeo: "skopeo",
  curl: "curl",
};
const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const isInstalled = (program: string): boolean => folders.some((folder) => existsSync(join(folder, program)));
const missing = Object.keys(packages).filter((program) => !isInstalled(program));
const command = ["apt-get", "install", "--yes", "--no-install-recommends", "--quiet", ...missing.map((program) => packages[program] ?? program)];

const aptGet = (args: readonly string[]): void => {
  const settings = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"];
  execFileSync("apt-get", [...settings, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 600_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
};

if (missing.length > 0) {
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) {
    process.stderr.write(`The tests need ${missing.join(", ")}. As root on Debian or Ubuntu: ${command.join(" ")}\n`);
    process.exit(1);
  }
  process.stderr.write(`Installing ${missing.join(", ")} …\n`);
  aptGet(["update", "--quiet"]);
  aptGet(command.slice(1));
}
if (process.getuid?.() !== 0) {
  process.stderr.write("The tests start sandboxes and networks, which needs root: run them with sudo.\n");
  process.exit(1);
}
