#!/usr/bin/env bash
# test.sh - the lab tests that .ci/lab lists, in three labs at once: those of runtime/cli that need a fleet in one of 20 hosts; those
# of runtime/cli that need one host and no other's quiet in one of 8, each on a host of its own, six at a time, and then those that
# need one host for themselves; in one of 3 those of the other packages, one package after the other, and then those of
# runtime/cli that need two or three. Tests that share a lab share its hosts, and some take one off the network, but most of
# them wait for hosts more than they compute.
#
#   test.sh [ARGUMENT...]      all of them; arguments are go test's, for all
#   LAB_PART=N test.sh [...]   those of part N, and those that run each time
#
# What the second and the third lab's tests print comes when they have ended.
set -uo pipefail
cd "$(dirname "$0")/../.."
LAB=testdata/lab/lab.sh
NAME=${FROYO_LAB_NAME:-lab}
FLEET=runtime/cli
export LAB_PART=${LAB_PART:-all}

# listed prints the list's tests that are to run, each as PACKAGE:TEST.
listed() {
  awk -v part="$LAB_PART" '!/^#/ && (part == "all" || $1 == "*" || $1 == part) { print $2 }' .ci/lab
}

# run runs a package's tests of a kind, see runtime/labtest: run PACKAGE KIND [ARGUMENT...]. Each package's tests are built once.
run() {
  local package=$1 kind=$2 names began=$SECONDS code=0
  shift 2
  names=$(listed | sed -n "s#^$package:##p" | paste -sd '|')
  [ -n "$names" ] || return 0
  (cd "$package" && FROYO_LAB_TESTS=$kind "$out/${package##*/}.test" -test.timeout=60m "-test.run=^($names)\$" "${@/#-/-test.}") || code=1
  echo "$package${kind:+, $kind}: $((SECONDS - began))s"
  return $code
}

# each runs the tests of all packages but the fleet's, and goes on where one of them fails.
each() {
  local package code=0
  for package in $(listed | sed 's/:.*//' | sort -u | grep -vx "$FLEET"); do run "$package" '' "$@" || code=1; done
  return $code
}

# finish ends what still runs: the other labs' tests are process groups of their own, whose hosts lab.sh takes down.
finish() {
  local code=$? pid
  for pid in "${beside[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; wait "$pid"; done
  rm -rf "$out"
  exit $code
}
beside=()
out=$(mktemp -d)
trap finish EXIT
trap 'exit 130' INT TERM HUP
export FLEET out
export -f listed run each

[ "$LAB_PART" = all ] || awk -v part="$LAB_PART" '!/^#/ && $1 == part { found = 1 } END { exit !found }' .ci/lab || { echo "test.sh: no tests are of part $LAB_PART: see .ci/lab" >&2; exit 2; }
$LAB base || exit
mapfile -t packages < <(listed | sed 's#^#./#; s/:.*//' | sort -u)
go test -c -vet=off -o "$out/" "${packages[@]}" || exit
FROYO_LAB_NAME=${NAME}2 FROYO_LAB_NET= setsid "$LAB" with 3 bash -c 'code=0; each "$@" || code=1; run "$FLEET" few "$@" || code=1; exit $code' bash "$@" \
  >"$out/others" 2>&1 &
beside+=($!)
FROYO_LAB_NAME=${NAME}3 FROYO_LAB_NET= setsid "$LAB" with 8 bash -c 'code=0; run "$FLEET" own -parallel=6 "$@" || code=1; run "$FLEET" first "$@" || code=1; exit $code' bash "$@" \
  >"$out/own" 2>&1 &
beside+=($!)
code=0
$LAB with 20 bash -c 'run "$FLEET" fleet "$@"' bash "$@" || code=1
for pid in "${beside[@]}"; do wait "$pid" || code=1; done
beside=()
cat "$out/others" "$out/own"
exit $code
