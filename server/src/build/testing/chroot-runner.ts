// A Runner for the tests of builds: overlay, chroot and another user, with the machine's network. It isolates nothing.
// The runtime's own Runner is tested where it is; builds need only its contract.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RanOnce, Runner, RunOnce } from "@slipstream/contract/ports/sandbox.ts";

/** $1 root, $2 overlay options, $3 user, $4 folder, $5 number of mounts, then source, destination, "ro" or "rw", … and the command. */
const script = `
set -e
root=$1; options=$2; user=$3; folder=$4; count=$5; shift 5
mount -t overlay overlay -o "$options" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 run "$root/run"
for device in null zero urandom random; do touch "$root/run/$device"; done
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero urandom random; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
ln -s /proc/self/fd "$root/dev/fd"
while [ "$count" -gt 0 ]; do
  mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o "remount,bind,$3" "$root$2"; shift 3; count=$((count - 1))
done
mkdir -p "$root/run/etc"; cat /etc/resolv.conf > "$root/run/etc/resolv.conf"; mount --bind "$root/run/etc/resolv.conf" "$root/etc/resolv.conf"
exec /usr/sbin/chroot --userspec="$user:$user" "$root" /bin/sh -c 'cd "$0"; exec "$@"' "$folder" "$@"
`;

/** Through the newer calls of the kernel mount(8) of util-linux 2.39 gives no option that is longer than 256 characters. */
const plainMount = { LIBMOUNT_FORCE_MOUNT2: "always" };

const argumentsOf = (run: RunOnce, root: string, user: number): string[] => {
  const lower = `lowerdir=${[...run.layers].reverse().join(":")}`;
  const options = run.overlay ? `${lower},upperdir=${run.overlay.upper},workdir=${run.overlay.work},redirect_dir=off,metacopy=off` : `${lower},ro`;
  const mounts = run.mounts.flatMap(({ source, destination, readOnly }) => [source, destination, readOnly ? "ro" : "rw"]);
  return [root, options, String(user), run.cwd, String(run.mounts.length), ...mounts, ...run.args];
};

const runIn = (run: RunOnce, root: string, user: number): Promise<RanOnce> =>
  new Promise((resolve, reject) => {
    const words = ["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, "sh", ...argumentsOf(run, root, user)];
    const child = spawn("unshare", words, { env: { ...run.env, ...plainMount }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    // The group: a program that has changed its user no longer dies with its parent.
    const kill = (): void => void process.kill(-(child.pid ?? 0), "SIGKILL");
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, run.timeoutMs);
    run.signal.addEventListener("abort", kill, { once: true });
    createInterface(child.stdout).on("line", (text) => run.onLine("stdout", text));
    createInterface(child.stderr).on("line", (text) => run.onLine("stderr", text));
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      run.signal.removeEventListener("abort", kill);
      resolve({ exitCode: code ?? 137, timedOut, outOfMemory: false, cancelled: run.signal.aborted, lost: false });
    });
  });

/** `started` is called with each run, so a test can count them. */
export const chrootRunner =
  (user: number, started: (run: RunOnce) => void = () => {}): Runner =>
  async (run) => {
    started(run);
    const root = mkdtempSync(join(tmpdir(), "slip-root-"));
    try {
      return await runIn(run, root, user);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  };
