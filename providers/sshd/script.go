package sshd

import "strings"

// How the programs below end.
const (
	rcRefused   = 4 // sshd does not take the settings
	rcOtherwise = 5 // sshd would show them otherwise
	rcRestored  = 6 // sshd did not show them, and what was there was put back
)

// prologue is how each of the programs begins: how sshd is called. Where it has not been started yet, it has the directory that it wants
// in /run for itself. R prints the unit's settings with those of the host by which sshd judges them, or shows them otherwise: it listens at
// addresses by its ports, and runs no command for keys without a user. sshd -T is given a port, since a block of Match may ask
// for it. manifest.yaml has the same texts.
const prologue = `PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export LC_ALL
umask 077
s=$(command -v sshd) || { echo "there is no sshd" >&2; exit 9; }
S() {
  if test -d /run/sshd || ! command -v unshare >/dev/null; then "$s" "$@"; return; fi
  unshare -m sh -c 'mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd && exec "$@"' sh "$s" "$@"
}
e=/etc/ssh
R() {
  cat "$d/own"
  grep -E '^(hostkey|addressfamily|(password|pubkey|kbdinteractive|hostbased|gssapi|kerberos)authentication|authorized(keys|principals)commanduser) ' "$1"
  grep -q '^Port ' "$d/own" || grep '^port ' "$1"
}
`

// look shows the settings of sshd, and how sshd shows those on its standard input alone: so times, sets of ciphers and words that mean the
// same are compared as sshd writes them. Then come the lines of the whole configuration in the order in which sshd reads them: between
// "+FILE" and "-" those of a file, each with its number. A file that is included stands behind the line that does. At the end are the words of
// the command line of the sshd that runs.
const look = prologue + `d=$(mktemp -d) || exit 8
trap 'rm -rf "$d"' EXIT
cat >"$d/own"
S -T -C lport=65535 >"$d/now" || exit 3
R "$d/now" >"$d/ref"
S -T -C lport=65535 -f "$d/ref" >"$d/want" 2>"$d/err"
r=$?
sed "s#^$d/ref[^:]*: *#unit: #" "$d/err" >&2
test $r = 0 || exit 4
W() (
  test "$2" -lt 17 || exit 0
  printf '+%s\n' "$1"
  grep -an '[^[:space:]]' "$1" | grep -av '^[0-9]*:[[:space:]]*#' | while IFS= read -r l; do
    printf '%s\n' "$l"
    case $l in *[Ii][Nn][Cc][Ll][Uu][Dd][Ee]*) ;; *) continue ;; esac
    w=$(printf '%s\n' "$l" | sed -n 's/^[0-9]*:[[:space:]]*"\{0,1\}[Ii][Nn][Cc][Ll][Uu][Dd][Ee]["[:space:]=]//p' | tr '"=\r' '   ')
    set -f
    for g in $w; do
      case $g in /*) ;; *) g=$e/$g ;; esac
      set +f
      for f in $g; do test ! -f "$f" || W "$f" $(($2 + 1)); done
      set -f
    done
    set +f
  done
  echo -
)
cat "$d/now"; echo ==; cat "$d/want"; echo ==; W "$e/sshd_config" 0; echo ==
p=$(sed -n 's/^pidfile //p' "$d/now")
{ test ! -r "$p" || tr '\0\n' '\n ' <"/proc/$(cat "$p")/cmdline"; } 2>/dev/null
exit 0`

// candidate makes what would be in a copy, and tries it. What it gets on its standard input is told by input. What sshd says of the copy
// is told of the files themselves.
const candidate = `trap 'rm -rf "$d"' EXIT
cat >"$d/in"
f=$(sed -n 's/^f //p' "$d/in")
sed -n 's/^k //p' "$d/in" >"$d/keys"
sed -n 's/^s//p' "$d/in" >"$d/own"
has() { grep -q "^$1\$" "$d/in"; }
values() { while read -r k; do grep "^$k " "$1"; done <"$d/keys"; }
c=$d/sshd_config.d
no() { sed "s#$d/whole#$e/sshd_config#g; s#$c/#$e/sshd_config.d/#g; s#^$d/ref[^:]*: *##" "$d/err" >&2; exit 4; }
mkdir "$c" "$d/old"
cp -p "$e"/sshd_config.d/*.conf "$c/" 2>/dev/null
cp -p "$e/sshd_config" "$d/main" || exit 8
cp -p "$e/sshd_config" "$d/old/main" || exit 8
if has M; then sed -n 's/^m//p' "$d/in" >"$d/text" && head -c $(($(wc -c <"$d/text") - $(grep -c '^N$' "$d/in"))) "$d/text" >"$d/main" || exit 8; fi
if has D; then sed -n 's/^d//p' "$d/in" >"$c/$f" || exit 8; chmod 644 "$c/$f"; fi
if has R; then rm -f "$c/$f"; fi
sed "/^[[:space:]]*\"\{0,1\}[Ii][Nn][Cc][Ll][Uu][Dd][Ee][\"[:space:]=]/{
s#/etc/ssh/sshd_config\.d/#$c/#g
s#\([[:space:]=\"]\)sshd_config\.d/#\1$c/#g
}" "$d/main" >"$d/whole"
S -t -f "$d/whole" 2>"$d/err" || no
S -T -C lport=65535 -f "$d/whole" >"$d/shown" 2>"$d/err" || no
if test -s "$d/own"; then
  R "$d/shown" >"$d/ref"
  S -T -C lport=65535 -f "$d/ref" >"$d/ref.shown" 2>"$d/err" || no
  values "$d/ref.shown" >"$d/want"
  values "$d/shown" >"$d/get"
  cmp -s "$d/want" "$d/get" || { echo "wanted:"; cat "$d/want"; echo "it would show:"; cat "$d/get"; exit 5; }
fi
`

// try tells whether sshd would take, and show, what apply is to make.
const try = prologue + `d=$(mktemp -d) || exit 8
` + candidate + `exit 0`

// apply changes the configuration: what would be is tried in a copy, then takes its place, sshd reads it, and where it does not show the
// settings, or does not go on, what was there is put back.
const apply = prologue + `d=$(mktemp -d "$e/.froyo.XXXXXX") || exit 8
` + candidate + `active() { systemctl -q is-active "$1"; }
reload() {
  if test -d /run/systemd/system; then
    for u in ssh sshd; do
      if active $u.socket && grep -q -e '^port$' -e '^listenaddress$' "$d/keys"; then
        systemctl daemon-reload && systemctl restart $u.socket || return 1
      fi
      if active $u.service; then
        systemctl reload $u.service && sleep 1 && active $u.service || return 1
        return 0
      fi
    done
  elif command -v rc-service >/dev/null; then
    rc-service -q sshd status >/dev/null 2>&1 || return 0
    rc-service sshd reload && sleep 1 && rc-service -q sshd status >/dev/null 2>&1 || return 1
  elif test -r /run/sshd.pid; then
    kill -HUP "$(cat /run/sshd.pid)" && sleep 1 && kill -0 "$(cat /run/sshd.pid)" || return 1
  fi
  return 0
}
back() {
  trap '' HUP INT TERM
  mv -f "$d/old/main" "$e/sshd_config"
  if test -e "$d/old/own"; then mv -f "$d/old/own" "$e/sshd_config.d/$f"; elif has D; then rm -f "$e/sshd_config.d/$f"; fi
  reload || for u in ssh sshd; do systemctl restart $u.service; done 2>/dev/null
  exit 6
}
test -e "$e/sshd_config.d/$f" && { cp -p "$e/sshd_config.d/$f" "$d/old/own" || exit 8; }
trap back HUP INT TERM
if has D; then mv -f "$c/$f" "$e/sshd_config.d/$f" || back; fi
if has M; then mv -f "$d/main" "$e/sshd_config" || back; fi
if has R; then rm -f "$e/sshd_config.d/$f" || back; fi
command -v restorecon >/dev/null && restorecon -RF "$e" 2>/dev/null
reload || back
if test -s "$d/own"; then
  S -T -C lport=65535 >"$d/shown" || back
  values "$d/shown" >"$d/get"
  cmp -s "$d/want" "$d/get" || { echo "wanted:"; cat "$d/want"; echo "it shows:"; cat "$d/get"; back; }
fi
exit 0`

// input is what apply reads: a line a fact, each with a letter before it. M is that the main file is replaced, by the lines with m, of which with N the last has no end; D
// and R that the unit's own is written, from the lines with d, or removed.
func input(now State, main, own string, s Sshd, settings lines) string {
	var b strings.Builder
	each := func(letter, text string) {
		for line := range strings.Lines(text) {
			b.WriteString(letter + strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	b.WriteString("f " + s.file()[len(directory)+1:] + "\n")
	for _, l := range settings {
		b.WriteString("k " + l.key() + "\n")
	}
	each("s", settings.text())
	if main != now.Main.Text {
		b.WriteString("M\n")
		each("m", main)
		if !strings.HasSuffix(main, "\n") && main != "" {
			b.WriteString("N\n")
		}
	}
	switch {
	case own != "" && (!now.Own.Exists || own != now.Own.Text):
		b.WriteString("D\n")
		each("d", own)
	case own == "" && now.Own.Exists:
		b.WriteString("R\n")
	}
	return b.String()
}
