#!/usr/bin/env bash
# lab.sh - a throwaway fleet of real hosts on one machine.
#
# A host is a booted Debian of its own: systemd, sshd, network namespace, machine-id. All hosts share
# one read-only base under overlayfs, so one more costs a second and some megabytes.
#
# Users, all with the password s3cr3t and the lab's key: root; ops, who may sudo without a password; opspw, whose
# sudo asks for it; opsre, whose sudo lets him run systemctl, apt and dnf and nothing else.
#
# Packages: hosts have no internet, but a repository of their own in /srv/repo whose list is fetched already. It
# holds nginx-light, apache2, haproxy, rsync and a few more, and ours: froyo-demo, in the versions 1.0 and 1.1, with a conffile
# and a service that logs to /var/log/froyo-demo.log; froyo-broken, whose installation fails; froyo-slow, whose
# installation takes 8 s.
#
#   lab.sh install        install what the lab needs on this machine
#   lab.sh base           build the hosts' common file system and repository, once
#   lab.sh up N           boot h1..hN, wait for sshd on each, print the path of the inventory
#   lab.sh with N CMD...  boot h1..hN, run CMD with FROYO_LAB_HOSTS set, take everything down again
#   lab.sh down           end all hosts and remove what they left
#   lab.sh reset I...     give hosts I back as they were first booted
#   lab.sh ssh I [CMD...] run CMD on host I as root
#   lab.sh cut I          take host I off the network
#   lab.sh join I         put it back
#   lab.sh inventory      print the inventory (INI) of the running hosts
#
# Environment: FROYO_LAB, folder of everything (/var/lib/froyo-lab); FROYO_LAB_NAME, a short name ("lab"),
# so that several labs live side by side on one base; FROYO_LAB_NET, first three numbers of its addresses;
# FROYO_LAB_PACKAGES, what the repository holds besides, which wants a folder of its own (FROYO_LAB).
#
# Exit codes: 2 usage, 3 no lab can be had on this machine (the reason is printed), 1 anything else.
set -euo pipefail

LAB=${FROYO_LAB:-/var/lib/froyo-lab}
NAME=${FROYO_LAB_NAME:-lab}
[[ $NAME =~ ^[a-z][a-z0-9]{0,5}$ ]] || { echo "lab: FROYO_LAB_NAME: want a letter and up to five letters or digits" >&2; exit 2; }
NET=${FROYO_LAB_NET:-10.78.$(($(cksum <<<"$NAME" | cut -d' ' -f1) % 254 + 1))}
BRIDGE=br-$NAME
BASE=$LAB/base      # from debootstrap, shared by all labs
REPO=$LAB/repo      # over it, the hosts' repository
LAYER=$LAB/layer    # over that, our settings: users, sshd, sudo, apt
HERE=$LAB/labs/$NAME
PACKAGES=(debootstrap systemd-container openssh-client iproute2 util-linux)
TOOLS=(debootstrap systemd-nspawn ssh ip flock setsid apt-get dpkg-deb npm)

# What debootstrap builds the base from (zstd, since systems with a kernel of their own pack what they boot by it), and what the repository has besides our own packages.
BASE_RECIPE=(--variant=minbase
  "--include=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,procps,locales,ca-certificates,zstd" bookworm)
OWN_PACKAGES=$(dirname "$0")/packages.sh
REPO_PACKAGES=(nginx-light apache2 haproxy ssl-cert rsync jq tree doas python3-minimal python3-apt cron logrotate
  nftables ufw firewalld prometheus-node-exporter git unzip xz-utils zstd bzip2 dnf zypper pacman-package-manager rpm createrepo-c python3-venv python3-pip ruby nodejs libapache2-mod-php php-mysql mariadb-server)
# npm as its makers publish it, since Debian's is of five hundred packages: it becomes a package of the repository.
NPM_VERSION=9.9.4
NPM_SHA512=37371088ba6a0ee2e16af772276277b4627f9e2fde6dca87545664bf50b8ffa95b96b6943db3e0089e1585be286b71458516b6623f60039f23187ff3b4ab9e35
# What the repository has, too, and cannot be on one host with all of those: this breaks zypper.
APART_PACKAGES=(dnf dnf-plugins-core)
# shellcheck disable=SC2206 # a list of names
REPO_PACKAGES+=(${FROYO_LAB_PACKAGES:-})

die() { echo "lab: $*" >&2; exit 1; }
skip() { echo "lab: no lab here: $*" >&2; exit 3; }

address() { echo "$NET.$((10 + $1))"; }
hosts() { find "$HERE" -mindepth 1 -maxdepth 1 -name 'h*' -printf '%f\n' 2>/dev/null | sed 's/^h//' | sort -n; }

# pid_of prints the process that keeps host $1 running, if it does: a number left by an earlier boot of this machine
# is none.
pid_of() {
  local pid
  pid=$(cat "$HERE/h$1/pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q -- "--machine=$NAME-h$1 " && echo "$pid"
}

check() {
  [ "$(id -u)" = 0 ] || skip "hosts need root"
  local tool
  for tool in "${TOOLS[@]}"; do
    command -v "$tool" >/dev/null || skip "$tool is missing; lab.sh install gets it"
  done
  grep -qw overlay /proc/filesystems || modprobe -q overlay || skip "the kernel has no overlayfs"
}

# lock lets one lab.sh at a time work on what it names. What outlives lab.sh must not inherit the descriptor.
lock() {
  mkdir -p "$LAB"
  exec 9>"$LAB/.$1.lock"
  flock 9
}

install_tools() {
  [ "$(id -u)" = 0 ] || skip "installing needs root"
  command -v apt-get >/dev/null || skip "only Debian and its kin can install: ${PACKAGES[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null
  # Debian's npm is of five hundred packages, and not needed where Node.js brought its own.
  command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends npm >/dev/null
}

# inside runs a script in a folder that holds a whole system, off the network.
inside() {
  systemd-nspawn --quiet --directory="$1" --register=no --keep-unit --private-network --settings=no --pipe bash -euc "$2" 9>&-
}

# current reports whether a part of the lab is of the version it should be. What hosts run on is not made again.
current() {
  [ "$(cat "$1.version" 2>/dev/null)" = "$2" ] && return
  [ -z "$(find "$LAB/labs" -mindepth 2 -maxdepth 2 -name 'h*' 2>/dev/null)" ] ||
    die "the lab's ${1##*/} has changed while hosts run on the old one: lab.sh down first"
  return 1
}

build_base() {
  local version=${BASE_RECIPE[*]}
  current "$BASE" "$version" && return
  rm -rf "$BASE" "$BASE.version"
  mkdir -p "$BASE"
  debootstrap "${BASE_RECIPE[@]}" "$BASE" >"$LAB/debootstrap.log" 2>&1 9>&- ||
    die "debootstrap failed, see $LAB/debootstrap.log"
  rm -rf "$BASE"/var/cache/apt/archives/*.deb
  echo "$version" >"$BASE.version"
}

# fetch runs this machine's apt on behalf of the base: what is there already, and where more is to be had. What it
# gets goes below $1.
fetch() {
  local dir=$1
  shift
  apt-get -qq -o Dir::State::status="$BASE/var/lib/dpkg/status" -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir" \
    -o Dir::Etc::sourcelist="$BASE/etc/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::Etc::trustedparts="$BASE/etc/apt/trusted.gpg.d" -o APT::Sandbox::User=root "$@" 9>&-
}

# npm_package makes the package of npm in $1.
npm_package() {
  local work
  work=$(mktemp -d)
  mkdir -p "$work"/npm/{DEBIAN,usr/share/npm,usr/bin}
  (cd "$work" && npm pack --silent "npm@$NPM_VERSION" 9>&-) >/dev/null &&
    echo "$NPM_SHA512  $work/npm-$NPM_VERSION.tgz" | sha512sum --quiet -c - &&
    tar -xzf "$work/npm-$NPM_VERSION.tgz" -C "$work/npm/usr/share/npm" --strip-components=1 --no-same-owner &&
    ln -s ../share/npm/bin/npm-cli.js "$work/npm/usr/bin/npm" &&
    chmod 755 "$work/npm/usr/share/npm/bin/npm-cli.js" &&
    printf '%s\n' "Package: npm" "Version: $NPM_VERSION" "Architecture: all" "Depends: nodejs" "Maintainer: froyo <root@localhost>" "Description: npm" >"$work/npm/DEBIAN/control" &&
    dpkg-deb --root-owner-group -Znone --build "$work/npm" "$1/npm_${NPM_VERSION}_all.deb" >/dev/null || return
  rm -rf "$work"
}

build_repo() {
  local version
  version=$({ echo "${REPO_PACKAGES[@]} ${APART_PACKAGES[@]} $NPM_VERSION"; cat "$OWN_PACKAGES"; stat -c %i "$BASE"; } | sha256sum)
  current "$REPO" "$version" && return
  rm -rf "$REPO" "$REPO.version" "$LAB/repo.apt"
  mkdir -p "$REPO/srv/repo" "$LAB/repo.apt"/{lists,archives}/partial
  {
    fetch "$LAB/repo.apt" update &&
      fetch "$LAB/repo.apt" install -y --download-only --no-install-recommends "${REPO_PACKAGES[@]}" &&
      fetch "$LAB/repo.apt" install -y --download-only --no-install-recommends "${APART_PACKAGES[@]}"
  } >"$LAB/repo.log" 2>&1 || die "fetching the hosts' packages failed, see $LAB/repo.log"
  mv "$LAB/repo.apt/archives"/*.deb "$REPO/srv/repo/"
  rm -rf "$LAB/repo.apt"
  npm_package "$REPO/srv/repo" >>"$LAB/repo.log" 2>&1 || die "fetching npm failed, see $LAB/repo.log"
  "$OWN_PACKAGES" "$REPO/srv/repo"
  echo "$version" >"$REPO.version"
}

# settings is what the layer puts on top of any base, run inside it.
settings() {
  cat <<'END'
    for unit in systemd-logind.service getty@.service console-getty.service systemd-journal-flush.service \
      systemd-network-generator.service systemd-networkd-wait-online.service systemd-tmpfiles-clean.timer \
      apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer cron.service; do
      ln -sf /dev/null "/etc/systemd/system/$unit"
    done
    systemctl -q enable ssh systemd-networkd
    ssh-keygen -q -A
    for user in ops opspw opsre; do
      id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
      echo "$user:s3cr3t" | chpasswd
    done
    echo "root:s3cr3t" | chpasswd
    echo "ops ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/ops
    echo "opspw ALL=(ALL:ALL) ALL" >/etc/sudoers.d/opspw
    echo "opsre ALL=(ALL) NOPASSWD: /usr/bin/systemctl,/usr/bin/apt,/usr/bin/dnf" >/etc/sudoers.d/opsre
    chmod 440 /etc/sudoers.d/ops*
    printf "%s\n" "PermitRootLogin yes" "PasswordAuthentication yes" "UseDNS no" "MaxStartups 100:30:200" \
      >/etc/ssh/sshd_config.d/10-lab.conf
    mkdir -p /etc/systemd/journald.conf.d
    printf "[Journal]\nStorage=volatile\n" >/etc/systemd/journald.conf.d/10-lab.conf
    for home in /root /home/ops /home/opspw /home/opsre; do
      install -d -m 700 "$home/.ssh"
      install -m 600 /lab.pub "$home/.ssh/authorized_keys"
      chown -R --reference="$home" "$home/.ssh"
    done
    echo "deb [trusted=yes] file:/srv/repo ./" >/etc/apt/sources.list
    apt-get -qq update
    apt-cache gencaches
    rm -f /lab.pub /etc/hostname /etc/machine-id /var/lib/dbus/machine-id
    : >/etc/machine-id
END
}

build_layer() {
  mkdir -p "$LAB/keys"
  [ -f "$LAB/keys/id" ] || ssh-keygen -q -t ed25519 -N '' -C froyo-lab -f "$LAB/keys/id"
  local version
  version=$({ settings; cat "$LAB/keys/id.pub" "$REPO.version"; stat -c %i "$BASE" "$REPO"; } | sha256sum)
  current "$LAYER" "$version" && return
  rm -rf "$LAYER" "$LAYER.version" "$LAB/layer.work"
  mkdir -p "$LAYER" "$LAB/layer.work" "$LAB/layer.root"
  mount -t overlay overlay -o "lowerdir=$REPO:$BASE,upperdir=$LAYER,workdir=$LAB/layer.work" "$LAB/layer.root"
  cp "$LAB/keys/id.pub" "$LAB/layer.root/lab.pub"
  local ok=yes
  inside "$LAB/layer.root" "$(settings)" >"$LAB/layer.log" 2>&1 || ok=no
  umount "$LAB/layer.root"
  rm -rf "$LAB/layer.work" "$LAB/layer.root"
  [ $ok = yes ] || die "preparing the hosts' settings failed, see $LAB/layer.log"
  echo "$version" >"$LAYER.version"
}

build() { (
  lock base
  build_base
  build_repo
  build_layer
); }

bridge() {
  ip link show "$BRIDGE" >/dev/null 2>&1 && return
  ip link add "$BRIDGE" type bridge
  ip address add "$NET.1/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
}

# cgroups prints where systemd keeps its control groups on this machine.
cgroups() { awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /name=systemd/ {print $2}' /proc/mounts; }

# keep is the process of a host, in whose directory $0 are its files: it runs systemd-nspawn, and runs it again where
# that ends with 133, as it does when the host was rebooted from inside. It gives up the caller's directory and
# descriptors: a host must not hold what the caller has locked. It has control groups of its own, named by the file
# cgroups: hosts that share them would remove each other's services.
keep() {
  cat <<'END'
    cd /
    while read -r group; do
      mkdir -p "$group" && echo $$ >"$group/cgroup.procs" || exit
    done <"$0/cgroups"
    for fd in /proc/self/fd/*; do [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"; done
    until [ -e "$0/halted" ]; do
      code=0
      systemd-nspawn "$@" || code=$?
      [ "$code" = 133 ] || exit "$code"
    done
END
}

# room raises this machine's limit of inotify instances, of which a host has six: the usual 128 are for 20 hosts.
room() {
  local limit=/proc/sys/fs/inotify/max_user_instances
  [ "$(cat "$limit")" -ge 2048 ] || echo 2048 >"$limit" || die "too few inotify instances for many hosts: sysctl fs.inotify.max_user_instances=2048"
}

boot() {
  local dir=$HERE/h$1
  mkdir -p "$dir"/{up,work,root}
  mount -t overlay overlay -o "lowerdir=$LAYER:$REPO:$BASE,upperdir=$dir/up,workdir=$dir/work" "$dir/root"
  printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\nGateway=%s.1\n' "$(address "$1")" "$NET" \
    >"$dir/root/etc/systemd/network/10-host0.network"
  printf '127.0.0.1 localhost\n127.0.1.1 h%d\n' "$1" >"$dir/root/etc/hosts"
  echo "h$1" >"$dir/root/etc/hostname"
  cgroups | sed "s|\$|/froyo-lab-$NAME-h$1|" >"$dir/cgroups"
  setsid bash -c "$(keep)" "$dir" --quiet --directory="$dir/root" --boot --register=no --keep-unit --settings=no \
    --machine="$NAME-h$1" --hostname="h$1" --network-bridge="$BRIDGE" --link-journal=no \
    --console=passive >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
}

# shellcheck disable=SC2016 # the inner shell expands it
answers() { timeout 1 bash -c 'read -r line <>"/dev/tcp/$1/22" && [[ $line = SSH-* ]]' - "$(address "$1")" 2>/dev/null; }

# children prints the processes that a process started.
children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

# account prints what host $1 says of itself, since it goes with the lab.
account() {
  local nspawn init
  tail -n 20 "$HERE/h$1/log"
  for nspawn in $(children "$(pid_of "$1")"); do
    for init in $(children "$nspawn"); do
      timeout 10 nsenter --target "$init" --all sh -c 'systemctl --no-pager --no-legend --failed; systemctl --no-pager list-jobs; journalctl --no-pager -b -p warning | tail -n 30' || true
    done
  done
} >&2

# wait_for waits until host $1 answers.
wait_for() {
  local deadline=$((SECONDS + 180))
  until answers "$1"; do
    pid_of "$1" >/dev/null || { account "$1"; die "h$1 ended while booting; its log is above"; }
    [ $SECONDS -lt $deadline ] || { account "$1"; die "h$1 did not answer on ssh; what it says is above"; }
    sleep 0.05
  done
  forward_nothing "$1"
}

# forward_nothing has host $1 begin as any does: it takes over from this machine whether it forwards, which Docker turns on.
forward_nothing() {
  local nspawn init
  for nspawn in $(children "$(pid_of "$1")"); do
    for init in $(children "$nspawn"); do nsenter --target "$init" --net sysctl -qw net.ipv4.ip_forward=0; done
  done
}

# stop kills the init of the host that process $1 keeps; systemd-nspawn itself ends after it.
stop() {
  local nspawn
  for nspawn in $(children "$1"); do
    # shellcheck disable=SC2046 # one word per process is meant
    kill -KILL $(children "$nspawn") 2>/dev/null || kill -TERM "$nspawn" 2>/dev/null || true
  done
}

# leave_cgroups removes the control groups of host $1, which is not running.
leave_cgroups() {
  local group
  [ -f "$HERE/h$1/cgroups" ] || return 0
  while read -r group; do
    if [ -d "$group" ]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
  done <"$HERE/h$1/cgroups"
}

# halt ends hosts at once: nothing on them is worth an orderly shutdown. All are told before any is waited for. One that
# is just being rebooted is told again.
halt() {
  local i n pid
  for i in "$@"; do
    pid=$(pid_of "$i") || continue
    : >"$HERE/h$i/halted"
    stop "$pid"
  done
  for i in "$@"; do
    for n in $(seq 200); do
      pid=$(pid_of "$i") || break
      [ $((n % 20)) != 0 ] || stop "$pid"
      sleep 0.05
    done
    pid_of "$i" >/dev/null && die "h$i does not end"
    leave_cgroups "$i"
    if mountpoint -q "$HERE/h$i/root"; then umount "$HERE/h$i/root" || umount -l "$HERE/h$i/root"; fi
    rm -rf "${HERE:?}/h$i"
  done
}

inventory() {
  echo '[lab]'
  local i
  for i in $(hosts); do
    echo "h$i ansible_host=$(address "$i") ansible_user=root ansible_ssh_private_key_file=$LAB/keys/id"
  done
}

known_hosts() {
  local i key
  for i in $(hosts); do
    for key in "$HERE/h$i/root"/etc/ssh/ssh_host_*_key.pub; do
      echo "$(address "$i") $(cut -d' ' -f1,2 "$key")"
    done
  done
}

# describe writes the files that tests read, each as a whole: a host may be reset while other tests run.
describe() {
  inventory >"$HERE/inventory.ini.new"
  known_hosts >"$HERE/known_hosts.new"
  mv "$HERE/inventory.ini.new" "$HERE/inventory.ini"
  mv "$HERE/known_hosts.new" "$HERE/known_hosts"
}

up() {
  check
  build
  lock "$NAME"
  mkdir -p "$HERE"
  bridge
  room
  local i
  for i in $(seq "$1"); do
    pid_of "$i" >/dev/null && continue
    [ ! -d "$HERE/h$i" ] || halt "$i"
    boot "$i"
  done
  for i in $(seq "$1"); do wait_for "$i"; done
  describe
  flock -u 9
}

down() {
  check
  lock "$NAME"
  # shellcheck disable=SC2046 # one word per host is meant
  halt $(hosts)
  ip link delete "$BRIDGE" 2>/dev/null || true
  rm -rf "$HERE"
}

reset() {
  check
  lock "$NAME"
  local i
  halt "$@"
  for i in "$@"; do boot "$i"; done
  for i in "$@"; do wait_for "$i"; done
  describe
}

with() {
  local n=$1 code=0
  shift
  trap down EXIT
  trap 'exit 130' INT TERM HUP
  up "$n"
  FROYO_LAB_HOSTS=$HERE/inventory.ini FROYO_LAB_SCRIPT=$(realpath "$0") "$@" 9>&- || code=$?
  exit $code
}

link() { ip link set "vb-$NAME-h$1" "$2"; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
number() { if ! [[ ${1:-} =~ ^[1-9][0-9]{0,2}$ && $1 -le 200 ]]; then usage; fi; }

case ${1:-} in
  install) install_tools ;;
  base) check; build ;;
  up) number "${2:-}"; up "$2"; echo "$HERE/inventory.ini" ;;
  with) number "${2:-}"; [ $# -gt 2 ] || usage; shift; with "$@" ;;
  down) down ;;
  reset) shift; for i in "$@"; do number "$i"; done; reset "$@" ;;
  ssh)
    number "${2:-}"
    host=$(address "$2"); shift 2
    exec ssh -q -i "$LAB/keys/id" -o UserKnownHostsFile="$HERE/known_hosts" -o IdentitiesOnly=yes "root@$host" "$@"
    ;;
  cut) number "${2:-}"; link "$2" down ;;
  join) number "${2:-}"; link "$2" up ;;
  inventory) inventory ;;
  *) usage ;;
esac
