#!/usr/bin/env bash
# test.sh - all lab tests, in two labs at once: those of runtime/cli, which need a fleet, in one of 20 hosts; those of
# the other packages, one package after the other, in one of 3. Tests that share a lab share its hosts, and some take
# one off the network, but most of them wait for hosts more than they compute. Those of runtime/cli that need one host and
# no other's quiet run beside each other, each on a host of its own.
#
#   test.sh [ARGUMENT...]   arguments are go test's, for both
#
# What the second lab's tests print comes when they have ended.
set -uo pipefail
cd "$(dirname "$0")/../.."
LAB=testdata/lab/lab.sh
NAME=${FROYO_LAB_NAME:-lab}
FLEET=./runtime/cli
TEST=(go test -count=1 -timeout 60m -run Lab "$@")

# others prints the packages with lab tests but the fleet's.
others() {
  grep -rl --include='*_test.go' '^func TestLab' . | xargs -n 1 dirname | sort -u | grep -vx "$FLEET"
}

# finish ends what still runs: the second lab is a process group of its own, whose hosts lab.sh takes down.
finish() {
  local code=$?
  if [ -n "${second:-}" ]; then kill -TERM -- "-$second" 2>/dev/null; wait "$second"; fi
  [ -z "${out:-}" ] || rm -f "$out"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

out=$(mktemp)
$LAB base || exit
mapfile -t packages < <(others)
FROYO_LAB_NAME=${NAME}2 FROYO_LAB_NET= setsid "$LAB" with 3 "${TEST[@]}" -p 1 "${packages[@]}" >"$out" 2>&1 &
second=$!
code=0
$LAB with 20 "${TEST[@]}" -parallel 6 "$FLEET" || code=1
wait "$second" || code=1
second=
cat "$out"
exit $code
