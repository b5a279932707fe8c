#!/bin/bash
# Takes a server of haproxy's backend "web" out of service, or returns it, and
# waits until that is so:
#
#     lb drain NAME    no new requests, and those under way have ended
#     lb ready NAME    it passes its health check and gets requests again
#     lb save          keep the servers' states for the next reload
set -euo pipefail

ask() {
  { exec 3<>/dev/tcp/127.0.0.1/9999; } 2>/dev/null || return 1
  printf '%s\n' "$1" >&3
  cat <&3
  exec 3>&-
}

# tell is a command that answers nothing where it succeeds. haproxy that was just reloaded answers a moment later.
tell() {
  local answer tries=50
  until answer=$(ask "$1"); do
    ((--tries)) || { echo "haproxy does not answer" >&2; exit 1; }
    sleep 0.1
  done
  [ -z "$answer" ] || { echo "haproxy: $answer" >&2; exit 1; }
}

# field is a column of the server's line of "show stat".
field() { ask "show stat" | grep "^web,$name," | cut -d, -f"$1"; }

# await waits until a column has a value, at most half a minute.
await() {
  for _ in $(seq 300); do
    # shellcheck disable=SC2053 # a pattern
    [[ $(field "$1" || true) == $2 ]] && return
    sleep 0.1
  done
  echo "$name: still $(field "$1" || true), want $2" >&2
  exit 1
}

name=${2:-}
case $1 in
  drain) tell "set server web/$name state drain"; await 5 0 ;;
  ready) tell "set server web/$name state ready"; await 18 "UP*" ;;
  save)
    states=$(ask "show servers state") || exit 0 # it does not run, so nothing is drained
    printf '%s\n' "$states" >/var/lib/haproxy/state
    ;;
  *) echo "usage: lb drain|ready NAME, lb save" >&2; exit 2 ;;
esac
