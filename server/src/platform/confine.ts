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
 * Nearly all mounts are lines of a table that one program goes through: a program for each was most of what a confined start worked.
 * /proc: the words of hidepid are known since Linux 5.8, where they concern this mount alone; else the machine's is used.
 */
const script = `set -eu
umask 022
root=$1 base=$2 cwd=$3 mask=$4 name=$5 resolvers=$6 binds=$7
shift 7
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev slip "$root"
cd "$root"
mkdir dev proc .old
links= table=
add() { table="$table$1 $base$2 $3 0 0
"; }
for path in /usr /bin /sbin /lib /lib32 /lib64 /libx32 /etc /opt; do
  if [ -L "$path" ]; then links="$links $path"; elif [ -d "$path" ]; then add "$path" "$path" "none bind,ro,nosuid,X-mount.mkdir=0755"; fi
done
[ -z "$links" ] || cp -P $links .
if [ -n "$name" ]; then
  printf '%s\\n' "$name" > .passwd
  add "$base/.passwd" /etc/passwd "none bind"
fi
target=$(readlink -f /etc/resolv.conf || true)
case $target in
  /run/*) mkdir -p ".\${target%/*}"; cat "$target" > ".$target" 2>/dev/null || true ;;
esac
if [ -n "$resolvers" ]; then
  mkdir -p ".\${target%/*}"
  [ -e ".$target" ] || : > ".$target"
  printf '%s' "$resolvers" > .resolv.conf
  add "$base/.resolv.conf" "$target" "none bind"
fi
for device in null zero full random urandom; do : > "dev/$device"; add "/dev/$device" "/dev/$device" "none bind"; done
for folder in /dev/shm /tmp; do add slip "$folder" "tmpfs mode=1777,size=256m,nosuid,nodev,X-mount.mkdir=0755"; done
printf '%s%s' "$table" "$binds" > .mounts
mount -t proc -o hidepid=invisible,nosuid,nodev,noexec proc proc 2>/dev/null || mount --bind /proc proc
mount --all --fstab .mounts
pivot_root . .old
umount -l .old
rmdir .old
mount -o remount,ro / 2>/dev/null || true
cd "$cwd"
umask "$mask"
exec "$@"`;

const noCapabilities = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"];

/** As a table of mounts has a path: what parts its words, and what says so, by its number. */
const inTable = (path: string): string => path.replace(/[ \t\n\\#]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** Lines of that table. Folders by length: a folder inside another is put on top of it. */
const binds = ({ readOnly, writable, staging }: Pick<Confinement, "readOnly" | "writable" | "staging">): string =>
  [...readOnly.map((path) => ({ how: "ro", path })), ...writable.map((path) => ({ how: "rw", path }))]
    .sort((a, b) => a.path.length - b.path.length)
    .map(({ how, path }) => `${inTable(path)} ${inTable(staging + path)} none bind,${how},nosuid,nodev,X-mount.mkdir=0755 0 0\n`)
    .join("");

/** The argument vector that runs `argv` so confined, as root. The process id stays that of the first program. Pure. */
export const confined = (how: Confinement, argv: readonly [string, ...string[]]): [string, ...string[]] => {
  const passwd = how.named ? `slip:x:${how.uid}:${how.gid}::/:/usr/sbin/nologin` : "";
  const groups = how.groups.length === 0 ? ["--clear-groups"] : ["--groups", how.groups.join(",")];
  const privileges = ["setpriv", "--reuid", `${how.uid}`, "--regid", `${how.gid}`, ...groups, "--no-new-privs", ...noCapabilities, "--"];
  const prepare = ["sh", "-c", script, "sh", how.staging, inTable(how.staging), how.cwd, how.umask, passwd, how.resolvConf ?? "", binds(how)];
  return ["unshare", "--mount", ...(how.offline ? ["--net"] : []), "--propagation", "private", "--", ...prepare, ...privileges, ...argv];
};
