#!/bin/sh
# What Slipstream needs of a machine beyond Debian's base system, and how it gets there: `packages.sh GROUP…` installs what of
# the groups is missing. Starts no program where nothing is. Ends with 4 where something is missing and cannot be installed.
set -eu

# Where the system's own programs are, also for a root whose PATH came from a user.
PATH=$PATH:/usr/sbin:/sbin
export PATH
root=$(cd "${0%/*}/../.." && pwd -P)

# Groups: node is what Node and PostgreSQL load, platform what the platform starts, tests what looks at results and sets clocks.
# Each has something that shows that it is there (a library, a program or a file) and the package that brings it.
# Without what is needed nothing works; what is wanted is not in every distribution. Of util-linux 2.41.2 on (Ubuntu 26.04) pivot_root is apart.
list='node      libatomic.so.1                      libatomic1       needed
      node      libstdc++.so.6                      libstdc++6       needed
      platform  runc                                runc             needed
      platform  conmon                              conmon           needed
      platform  ip                                  iproute2         needed
      platform  nft                                 nftables         needed
      platform  pivot_root                          util-linux-extra needed
      platform  git                                 git              needed
      platform  ssh                                 openssh-client   wanted
      platform  ps                                  procps           wanted
      platform  /etc/ssl/certs/ca-certificates.crt  ca-certificates  wanted
      platform  runsc                               runsc            wanted
      platform  crun                                crun             wanted
      tests     skopeo                              skopeo           needed
      tests     curl                                curl             needed
      tests     mkfs.ext4                           e2fsprogs        needed
      tests     losetup                             mount            needed
      tests     faketime/libfaketimeMT.so.1         libfaketime      needed'

# Is there when what is wanted was asked for and could not be had: it is not asked for at every start.
asked=$root/node_modules/.packages-asked

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "$1 $2"
  exit 4
}

has() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *.so.*)
      for folder in /usr/lib/*-linux-gnu /usr/lib64 /usr/lib /lib64; do [ ! -e "$folder/$1" ] || return 0; done
      ldconfig -p 2>/dev/null | grep -qF "$1 "
      ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# Sets what is missing of the groups given: `needed` and its `needed_packages`, `wanted_packages`.
look() {
  needed= needed_packages= wanted_packages=
  while read -r group sign package weight; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    if has "$sign"; then continue; fi
    case $weight in
      needed) needed="$needed $sign" needed_packages="$needed_packages $package" ;;
      *) [ -e "$asked" ] || wanted_packages="$wanted_packages $package" ;;
    esac
  done <<END
$list
END
}

# Runs apt-get and keeps what it says. `update` does not wait for another apt-get, such as the daily one, by itself.
apt() {
  tries=0
  until apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >"$output" 2>&1 </dev/null 9<&-; do
    grep -q 'Could not get lock' "$output" && [ "$tries" -lt 150 ] || return 1
    tries=$((tries + 1))
    sleep 2
  done
}

# shellcheck disable=SC2086 # one word a package
install() {
  # A source of packages that does not answer matters only where one of ours is missing then.
  apt update -o APT::Update::Error-Mode=any || update_failure=$(tail -n 5 "$output")
  apt install --no-install-recommends $needed_packages $wanted_packages && return 0
  if [ -n "$needed" ] && ! apt install --no-install-recommends $needed_packages; then
    [ -z "${update_failure:-}" ] || say "apt-get update failed:
$update_failure"
    say "apt-get install failed:
$(tail -n 15 "$output")"
    stop "These packages could not be installed:$needed_packages." "Install them yourself, and run the command again."
  fi
  for package in $wanted_packages; do
    apt install --no-install-recommends "$package" || say "The package $package is not available here; 'slip doctor' says what goes without it."
  done
  [ ! -d "${asked%/*}" ] || : >"$asked"
}

look "$@"
[ -n "$needed$wanted_packages" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ ! -f /etc/debian_version ]; then
  [ -n "$needed" ] || exit 0
  stop "These are missing:$needed." "Install them (Debian calls the packages$needed_packages) and run the command again."
elif [ "$(id -u)" != 0 ]; then
  [ -n "$needed" ] || exit 0
  stop "These are missing:$needed." "Install them as root: apt-get update && apt-get install --no-install-recommends$needed_packages"
fi

# Several that start at the same time: one installs, the others wait and find it done.
exec 9</var/lib/dpkg
flock 9
look "$@"
[ -n "$needed$wanted_packages" ] || exit 0
say "Installing$needed_packages$wanted_packages (apt-get) …"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
# NEEDRESTART_SUSPEND: on Ubuntu nothing of the machine is restarted because of it.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C NEEDRESTART_SUSPEND=1
install
