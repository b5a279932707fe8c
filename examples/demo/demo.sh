#!/bin/sh
# Shows froyo on this machine, in a temporary directory: a plan, an apply, a
# plan without changes, and a change by hand that is found and repaired.
set -eu
cd "$(dirname "$0")"
froyo=$PWD/../../bin/froyo
root=$(mktemp -d "${TMPDIR:-/tmp}/froyo-demo.XXXXXX")
XDG_STATE_HOME=$(mktemp -d "${TMPDIR:-/tmp}/froyo-demo-state.XXXXXX")
export XDG_STATE_HOME
trap 'rm -rf "$root" "$XDG_STATE_HOME"' EXIT

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() {
	printf '$ froyo %s\n' "$*"
	"$froyo" "$@" -e root="$root"
}

say 'What would change? (Nothing is changed yet.)'
run plan site.star
say 'Apply it.'
run apply site.star -y
say 'Plan again: no changes.'
run plan site.star --detailed-exitcode
say 'A file is edited by hand ...'
printf '$ echo "workers = 64" >app.conf; chmod 666 app.conf\n'
echo 'workers = 64' >"$root/app.conf"
chmod 666 "$root/app.conf"
say '... the plan shows exactly this difference,'
code=0
run plan site.star --detailed-exitcode || code=$?
[ "$code" = 2 ] || { echo "demo: expected exit code 2, changes pending, got $code" >&2; exit 1; }
say '... and apply repairs it, and nothing else.'
run apply site.star -y
run plan site.star --detailed-exitcode
say 'Done. Read examples/demo/site.star to see how it is written.'
