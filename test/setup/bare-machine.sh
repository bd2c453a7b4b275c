#!/bin/sh
# A machine that has only Debian's base system and Node with npm, made in a folder, with a clone of a commit in it:
#   sudo test/setup/bare-machine.sh [COMMIT [COMMAND [RELEASE]]]
# runs COMMAND, a line for sh, in ~/slipstream there (left out: HEAD, and readme-commands.sh), ends as it does, and leaves nothing. RELEASE is
# one of Debian by its name (left out: that of this machine).
# The machine has processes, mounts, a network and control groups of its own; kernel, clock and devices are the real ones. Mirror, proxies
# and authorities are this machine's. What it prints is all that is kept.
set -eu

PATH=$PATH:/usr/sbin:/sbin
export PATH
self=$(cd "${0%/*}" && pwd -P)/${0##*/}
root=$(cd "${self%/*}/../.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }

# What `make` begins, `remove` takes back, whatever happens between.
machine=
name=slip-bare-$$
link=slipbare$$
address=198.18.$(($$ % 256))
runs=

groups() { awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts; }

make() {
  command -v debootstrap >/dev/null || { apt-get -q update && apt-get -q -y install --no-install-recommends debootstrap; } >&2
  machine=$(mktemp -d -t slip-bare-XXXXXX)
  # It is the root of everybody there.
  chmod 755 "$machine"
  say "Making a bare machine in $machine …"
  # shellcheck disable=SC1091
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # apt-get's own
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | awk -v of="$own" '$1 == of { print $2; exit }')
  debootstrap --variant=minbase "${release:-$own}" "$machine" "$mirror" >"$machine.log" 2>&1 || { tail -n 20 "$machine.log" >&2; return 1; }
  make_node
  make_ways_out
  git clone -q "$root" "$machine/root/slipstream"
  git -C "$machine/root/slipstream" checkout -q --detach "$commit"
  make_network
}

make_node() {
  npm=$(readlink -f "$(command -v npm)")
  cp "$(readlink -f "$(command -v node)")" "$machine/usr/local/bin/node"
  mkdir -p "$machine/usr/local/lib/node_modules"
  cp -R "${npm%/bin/*}" "$machine/usr/local/lib/node_modules/npm"
  for program in npm npx; do ln -s "../lib/node_modules/npm/bin/$program-cli.js" "$machine/usr/local/bin/$program"; done
}

# What an owner of a machine sets before anything else: names, a clock that apt believes, proxies, and the authorities of the place.
make_ways_out() {
  printf '127.0.0.1 localhost bare\n' >"$machine/etc/hosts"
  cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
  apt-config dump | grep -E '^Acquire::(Check-|[a-z]+::Proxy)' >"$machine/etc/apt/apt.conf.d/90machine" || :
  mkdir -p "$machine/usr/local/share/ca-certificates"
  for authority in /usr/local/share/ca-certificates/*.crt; do
    [ ! -e "$authority" ] || cp "$authority" "$machine/usr/local/share/ca-certificates"
  done
  # Node reads them from here, for Debian makes its list only when ca-certificates is installed.
  find "$machine/usr/local/share/ca-certificates" -name '*.crt' -exec cat {} + >"$machine/usr/local/share/authorities.pem"
}

make_network() {
  ip netns add "$name"
  ip link add "$link" type veth peer name eth0 netns "$name"
  ip address add "$address.1/30" dev "$link"
  ip link set "$link" up
  ip -n "$name" link set lo up
  ip -n "$name" address add "$address.2/30" dev eth0
  ip -n "$name" link set eth0 up
  ip -n "$name" route add default via "$address.1"
  # Of the devices that lead out it stays on: an installation that was started meanwhile may need it.
  for device in "$link" $(ip -4 -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p'); do
    echo 1 >"/proc/sys/net/ipv4/conf/$device/forwarding"
  done
  nft -f - <<END
table ip $name {
  chain out { type nat hook postrouting priority 100; ip saddr $address.2 masquerade; }
}
END
}

# Runs line $1 there, with the environment of who has just logged in.
run() {
  for tree in $(groups); do
    mkdir "$tree/$name"
    for file in cpuset.cpus cpuset.mems; do [ ! -e "$tree/$name/$file" ] || cat "$tree/$file" >"$tree/$name/$file"; done
  done
  # shellcheck disable=SC2016,SC2046 # the inner shell's; one word a tree
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
    NODE_EXTRA_CA_CERTS=/usr/local/share/authorities.pem $(env | grep -iE '^(https?|no)_proxy=') \
    sh -c 'for tree in $1; do echo $$ >"$tree/$2/cgroup.procs"; done
      exec nsenter --net="/run/netns/$2" unshare --mount --pid --uts --ipc --cgroup --fork --kill-child sh "$3" --inside "$4" "$5"' \
    sh "$(groups)" "$name" "$self" "$machine" "$1" <&0 &
  runs=$!
  code=0
  wait "$runs" || code=$?
  runs=
  return "$code"
}

# Process 1 of the machine in folder $1: makes it the root, and runs line $2. It waits instead of becoming it, for orphans are its own.
inside() {
  mount --make-rprivate /
  mount --bind "$1" "$1"
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t devtmpfs devtmpfs dev
  mkdir -p dev/pts dev/shm
  mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts dev/pts
  mount -t tmpfs -o mode=1777 tmpfs dev/shm
  mount -t tmpfs -o mode=755 tmpfs run
  # The trees of control groups that this machine has, each from the group of the bare one down.
  grep ' /sys/fs/cgroup' /proc/mounts | while read -r _ at kind options _; do
    mkdir -p ".$at"
    case $kind in
      tmpfs) mount -t tmpfs -o mode=755 tmpfs ".$at" ;;
      cgroup2) mount -t cgroup2 cgroup2 ".$at" ;;
      cgroup) mount -t cgroup -o "$(echo "$options" | tr , '\n' | grep -vxE 'r[wo]|nosuid|nodev|noexec|relatime|xattr|clone_children' | paste -sd,)" cgroup ".$at" ;;
    esac
  done
  pivot_root . mnt
  umount -l /mnt
  # As systemd makes them.
  mount --make-rshared /
  hostname bare
  cd "$HOME/slipstream"
  sh -c "$2"
}

# Loop devices whose file is in the machine, and those whose file is on one of these.
detach_loops() {
  disk=$(stat -c '%Hd:%Ld' "$machine")
  loops=$(losetup -nlO NAME,MAJ:MIN,BACK-INO,BACK-MAJ:MIN)
  echo "$loops" | while read -r device number inode on; do
    [ "$on" = "$disk" ] || continue
    [ -n "$(find "$machine" -xdev -inum "$inode" -print -quit)" ] || continue
    for upper in $(echo "$loops" | awk -v on="$number" '$4 == on { print $1 }') "$device"; do losetup -d "$upper"; done
  done
}

remove() {
  trap '' INT TERM HUP
  set +e
  if [ -n "$runs" ] && kill -KILL "$runs" 2>/dev/null; then wait "$runs" 2>/dev/null; fi
  # What is frozen, as a parked app is, ends when it runs again.
  for tree in $(groups); do
    for state in $(find "$tree/$name" -name freezer.state 2>/dev/null); do echo THAWED >"$state"; done
  done
  nft delete table ip "$name" 2>/dev/null
  ip link delete "$link" 2>/dev/null
  ip netns delete "$name" 2>/dev/null
  [ -n "$machine" ] || return
  detach_loops
  # The last processes of the machine end a moment after its first.
  for tree in $(groups); do
    # shellcheck disable=SC2016 # the inner shell's
    [ ! -d "$tree/$name" ] || timeout 20 sh -c 'until find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.2; done' sh "$tree/$name"
  done
  rm -rf --one-file-system "$machine" "$machine.log"
}

if [ "${1:-}" = --inside ]; then
  inside "$2" "$3"
  exit
fi
[ "$(id -u)" = 0 ] || { say "A machine is made by root: run it with sudo."; exit 1; }
commit=$(git -C "$root" rev-parse --verify -q "${1:-HEAD}^{commit}") || { say "There is no commit ${1:-HEAD} here."; exit 2; }
release=${3:-}
trap remove EXIT
trap 'exit 130' INT TERM HUP
make
run "${2:-sh test/setup/readme-commands.sh}"
