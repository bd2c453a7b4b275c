// Starts a program without rights: a numeric user without capabilities, in a root folder that holds the system read-only
// and only those other folders that it needs. They keep their usual paths, also below a folder that is closed to the user.

export interface Confinement {
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups: readonly number[];
  /** Octal file mode mask, such as "0077". */
  umask: string;
  /** Absolute paths of folders that the program sees, read-only or as their owners and modes say. Mounts inside them are not seen. */
  readOnly: readonly string[];
  writable: readonly string[];
  /** Absolute path of an existing folder, where the new root is put together unseen by others. */
  staging: string;
  /** Where the program starts; one of the folders above, or below one. */
  cwd: string;
  /** Has a network of its own without any way out: it speaks over Unix sockets alone. */
  offline: boolean;
  /** /etc/passwd names the uid: some programs refuse to run without. */
  named: boolean;
  /** Text of /etc/resolv.conf; without it the machine's is seen. */
  resolvConf?: string;
}

/**
 * Reads its instructions from its arguments, so no data is ever part of the script. A private copy of the mount table is
 * changed and then left behind, so nothing of it is seen outside, and no mount of another process is kept busy.
 * /proc: the words of hidepid are known since Linux 5.8, where they concern this mount alone; else the machine's is used.
 */
const script = `set -eu
umask 022
root=$1 cwd=$2 mask=$3 name=$4 resolvers=$5
shift 5
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev slip "$root"
links= folders= places=
for path in /usr /bin /sbin /lib /lib32 /lib64 /libx32 /etc /opt; do
  if [ -L "$path" ]; then links="$links $path"; elif [ -d "$path" ]; then folders="$folders $path" places="$places .$path"; fi
done
[ -z "$links" ] || cp -P $links "$root"
(cd "$root" && mkdir $places dev dev/shm proc tmp .old)
for path in $folders; do mount -o bind,ro,nosuid "$path" "$root$path"; done
if [ -n "$name" ]; then
  printf '%s\\n' "$name" > "$root/.passwd"; mount --bind "$root/.passwd" "$root/etc/passwd"
fi
target=$(readlink -f /etc/resolv.conf || true)
case $target in
  /run/*) mkdir -p "$root\${target%/*}"; cat "$target" > "$root$target" 2>/dev/null || true ;;
esac
if [ -n "$resolvers" ]; then
  mkdir -p "$root\${target%/*}"
  [ -e "$root$target" ] || : > "$root$target"
  printf '%s' "$resolvers" > "$root/.resolv.conf"; mount --bind "$root/.resolv.conf" "$root$target"
fi
for device in null zero full random urandom; do : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t tmpfs -o mode=1777,size=256m,nosuid,nodev slip "$root/dev/shm"
mount -t tmpfs -o mode=1777,size=256m,nosuid,nodev slip "$root/tmp"
mount -t proc -o hidepid=invisible,nosuid,nodev,noexec proc "$root/proc" 2>/dev/null || mount --bind /proc "$root/proc"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount -o "bind,$1,nosuid,nodev" "$2" "$root$2"
  shift 2
done
shift
cd "$root"
pivot_root . .old
umount -l .old
rmdir .old
mount -o remount,ro / 2>/dev/null || true
cd "$cwd"
umask "$mask"
exec "$@"`;

const noCapabilities = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"];

/** Folders by length: a folder inside another is put on top of it. */
const binds = ({ readOnly, writable }: Pick<Confinement, "readOnly" | "writable">): string[] =>
  [...readOnly.map((path) => ({ how: "ro", path })), ...writable.map((path) => ({ how: "rw", path }))]
    .sort((a, b) => a.path.length - b.path.length)
    .flatMap(({ how, path }) => [how, path]);

/** The argument vector that runs `argv` so confined, as root. The process id stays that of the first program. Pure. */
export const confined = (how: Confinement, argv: readonly [string, ...string[]]): [string, ...string[]] => {
  const passwd = how.named ? `slip:x:${how.uid}:${how.gid}::/:/usr/sbin/nologin` : "";
  const groups = how.groups.length === 0 ? ["--clear-groups"] : ["--groups", how.groups.join(",")];
  const privileges = ["setpriv", "--reuid", `${how.uid}`, "--regid", `${how.gid}`, ...groups, "--no-new-privs", ...noCapabilities, "--"];
  const prepare = ["sh", "-c", script, "sh", how.staging, how.cwd, how.umask, passwd, how.resolvConf ?? "", ...binds(how), "--"];
  return ["unshare", "--mount", ...(how.offline ? ["--net"] : []), "--propagation", "private", "--", ...prepare, ...privileges, ...argv];
};
