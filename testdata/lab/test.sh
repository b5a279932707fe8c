#!/usr/bin/env bash
# test.sh - all lab tests, in three labs at once: those of runtime/cli that need a fleet in one of 20 hosts; those of
# runtime/cli that need one host and no other's quiet in one of 8, each on a host of its own, six at a time, and then those that
# need one host for themselves; in one of 3 those of the other packages, one package after the other, and then those of
# runtime/cli that need two or three. Tests that share a lab share its hosts, and some take one off the network, but most of
# them wait for hosts more than they compute.
#
#   test.sh [ARGUMENT...]   arguments are go test's, for all
#
# What the second and the third lab's tests print comes when they have ended.
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

# then runs a command, and then the fleet's tests of a kind.
then='fleet=$1 kind=$2 arguments=$3 code=0; shift 3
"$@" $arguments || code=1
FROYO_LAB_TESTS=$kind "$@" "$fleet" || code=1
exit $code'

# finish ends what still runs: the other labs' tests are process groups of their own, whose hosts lab.sh takes down.
finish() {
  local code=$? pid
  for pid in "${beside[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; wait "$pid"; done
  rm -rf "$out"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

out=$(mktemp -d)
beside=()
$LAB base || exit
mapfile -t packages < <(others)
FROYO_LAB_NAME=${NAME}2 FROYO_LAB_NET= setsid "$LAB" with 3 bash -c "$then" bash "$FLEET" few "-p 1 ${packages[*]}" "${TEST[@]}" >"$out/others" 2>&1 &
beside+=($!)
FROYO_LAB_NAME=${NAME}3 FROYO_LAB_NET= FROYO_LAB_TESTS=own setsid "$LAB" with 8 bash -c "$then" bash "$FLEET" first "-parallel 6 $FLEET" "${TEST[@]}" >"$out/own" 2>&1 &
beside+=($!)
code=0
FROYO_LAB_TESTS=fleet $LAB with 20 "${TEST[@]}" "$FLEET" || code=1
for pid in "${beside[@]}"; do wait "$pid" || code=1; done
beside=()
cat "$out"/*
exit $code
