#!/bin/sh
# Takes away what "froyo onboard" put there: its lines in sshd_config, the user, the key, the sudo rule. What was changed since by
# others stays; where its own was changed, nothing is done. Without an argument it works outside the session that calls it, which may be
# that of the user who is removed. "show" says what would be done; "login" restores sshd alone, to what an earlier onboarding had proven.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
d=/var/lib/froyo/onboard
b=$d/before
rule=/etc/sudoers.d/froyo-onboard
mark='@MARK@'
fail() { echo "onboarding: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "this is for root alone"
[ -d "$b" ] || fail "nothing is kept in $b: the host was not onboarded, or was restored already"
u=$(cat "$b/name")
case $u in
"" | root | [!a-z_]* | *[!a-z0-9_-]*) fail "$b/name names no user that was made" ;;
esac
c=$(readlink -f /etc/ssh/sshd_config)

restore() { # from a copy
  cmp -s "$1" "$2" && return 0
  cp -p "$1" "$2.froyo-new" && mv "$2.froyo-new" "$2"
}

# What stands in onboarding's block of sshd_config, the lines of which end as those of the whole file: maybe with a carriage return.
cr=$(printf '\r')
block() { [ ! -e "$c" ] || tr -d '\r' <"$c" | sed -n '/^# BEGIN froyo onboard$/,/^# END froyo onboard$/p' | grep -v '^# \(BEGIN\|END\) froyo onboard$'; }
marks() { [ ! -e "$c" ] || tr -d '\r' <"$c" | grep -cx "# $1 froyo onboard"; }
without() { sed "/^# BEGIN froyo onboard$cr*\$/,/^# END froyo onboard$cr*\$/d" "$c"; }
proven() { # the file, with those lines in the block
  awk -v lines="$d/proven" '
    { line = $0; sub(/\r$/, "", line); end = substr($0, length(line) + 1) }
    line == "# END froyo onboard" { inside = 0 }
    !inside { print }
    line == "# BEGIN froyo onboard" { inside = 1; while ((getline text <lines) > 0) print text end }' "$c"
}

# The block is onboarding's where nothing stands in it but what onboarding writes.
check() {
  [ ! -e "$c" ] || [ "$(marks BEGIN) $(marks END)" = "0 0" ] || [ "$(marks BEGIN) $(marks END)" = "1 1" ] ||
    fail "the marks of the block \"froyo onboard\" in $c were changed since: remove the block, then again; nothing was changed"
  other=$(block | grep -vxF '@LINES@')
  [ -z "$other" ] || fail "the block \"froyo onboard\" in $c was changed since: it has \"$(echo "$other" | head -n 1)\"; move that out of the block, then again; nothing was changed"
  if [ -e "$rule" ] && [ -e "$d/left" ] && [ "$(sha256sum <"$rule")" != "$(cat "$d/left")" ]; then
    fail "$rule was changed since: move it away, then again; nothing was changed"
  fi
}

show() {
  if [ "$(marks BEGIN)" = 1 ]; then
    echo "$c: $(block | paste -s -d , | sed 's/,/, /g') of the block \"froyo onboard\" $(block | awk 'END { print NR == 1 ? "goes" : "go" }')"
    without | cmp -s - "$b/sshd_config" || echo "$c: what was changed since it was onboarded stays"
  fi
  if [ ! -e "$b/user" ]; then
    ! getent passwd "$u" >/dev/null || echo "the user $u goes, with all that is in $(getent passwd "$u" | cut -d: -f6)"
  else
    echo "the user $u, who was there before, stays; the key that was added goes"
  fi
  if [ -e "$b/sudoers" ]; then
    echo "$rule is as it was before"
    sed "s|^|$rule loses: |" "$rule"
  elif [ -e "$rule" ]; then
    sed "s|^|$rule goes: |" "$rule"
  fi
  echo "$d goes"
}

sshd_back() { # by "without", or by "proven"
  if [ "$(marks BEGIN)" = 1 ]; then
    cp -p "$c" "$c.froyo-new" && "$1" >"$c.froyo-new" || return 1
    if command -v sshd >/dev/null && sshd -t -f "$c" 2>/dev/null && ! sshd -t -f "$c.froyo-new"; then
      rm -f "$c.froyo-new"
      return 1
    fi
    sync
    mv "$c.froyo-new" "$c" || return 1
  fi
  if [ -d /run/systemd/system ]; then
    for s in ssh sshd; do
      if systemctl is-active --quiet "$s.service"; then systemctl reload-or-restart "$s.service"; return; fi
    done
    for s in ssh sshd; do
      if systemctl is-active --quiet "$s.socket"; then return 0; fi
      if systemctl is-enabled --quiet "$s.service" 2>/dev/null; then systemctl restart "$s.service"; return; fi
    done
    return 0
  fi
  [ ! -e /run/sshd.pid ] || kill -HUP "$(cat /run/sshd.pid)"
}

processes() {
  for p in /proc/[0-9]*; do
    [ "$(stat -c %U "$p" 2>/dev/null)" = "$u" ] && echo "${p#/proc/}"
  done
}

user_gone() {
  i=0
  while getent passwd "$u" >/dev/null; do
    [ "$i" -lt 100 ] || return 1
    [ "$i" -gt 0 ] || [ ! -d /run/systemd/system ] || loginctl terminate-user "$u" >/dev/null 2>&1
    left=$(processes)
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$left" ] || kill -KILL $left 2>/dev/null
    userdel -r "$u" 2>/dev/null || sleep 0.1 # which is refused while somebody is logged in, who may come anew
    i=$((i + 1))
  done
  for f in subuid subgid; do
    cmp -s "$b/$f" "/etc/$f" || continue # others have changed it
    if [ -e "$b/$f-" ]; then restore "$b/$f-" "/etc/$f-"; else rm -f "/etc/$f-"; fi
  done
  [ ! -e "$b/unlocked" ] || rm -f /etc/.pwd.lock
}

# In a home its owner says what is where: nothing there is done as root. The key is known by its comment, since it may have been rotated:
# where the first one was the user's own, it is given back then.
key_gone() {
  home=$(getent passwd "$u" | cut -d: -f6)
  [ -n "$home" ] || return 0
  { [ ! -e "$b/authorized_keys" ] || cat "$b/authorized_keys"; } |
    runuser -u "$u" -- env MARK="$mark" HAD="$(cat "$b/authorized_keys.mode" 2>/dev/null)" KEY="$(cat "$b/key" 2>/dev/null)" DIRECTORY="$(cat "$b/ssh" 2>/dev/null)" sh -c '
    umask 077
    cd "$1" || exit 1
    f=.ssh/authorized_keys
    [ -e $f ] || exit 0
    before=$(cat; echo .)
    now=$(printf %s "${before%.}" | awk -v mark="$MARK" -v first="$KEY" "
      function key(i) { for (i = 1; i < NF; i++) if (\$i ~ /^(ssh-|ecdsa-|sk-)/ && \$(i + 1) ~ /^AAAA/) return \$i \" \" \$(i + 1); return \"\" }
      old { was[key()] = \$0; next }
      \$NF == mark { if (key() in was) { print was[key()]; has[key()] = 1 } else other = 1; next }
      { print; has[key()] = 1 }
      END { if (other && first && first in was && !(first in has)) print was[first] }" old=1 - old= $f; echo .)
    case $now in "$before" | "${before%.}
.") now=$before;; esac
    if [ "$(printf %s "${now%.}" | sort)" = "$(printf %s "${before%.}" | sort)" ]; then now=$before; fi
    if [ "$now" = . ] && [ -z "$HAD" ]; then
      rm -f $f
      if [ -z "$DIRECTORY" ]; then rmdir .ssh 2>/dev/null; fi
    else
      f=$(readlink -f $f)
      cp -p "$f" "$f.froyo" && printf %s "${now%.}" >"$f.froyo" && sync && mv -f "$f.froyo" "$f" || { rm -f "$f.froyo"; exit 1; }
      if [ -n "$HAD" ] && [ "$(stat -L -c %a $f)" = 600 ]; then chmod "$HAD" $f; fi
    fi
    if [ -n "$DIRECTORY" ] && [ "$(stat -L -c %a .ssh)" = 700 ]; then chmod "$DIRECTORY" .ssh; fi
    exit 0
  ' sh "$home"
}

check
case ${1-} in
"")
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    systemctl is-active --quiet froyo-onboard-rollback.service && exit 0
    exec systemd-run --quiet --collect --unit=froyo-onboard-rollback "$d/rollback" now
  fi
  setsid "$d/rollback" now </dev/null >/dev/null 2>&1 &
  exit 0
  ;;
show) show; exit 0 ;;
login)
  how=without
  [ ! -s "$d/proven" ] || how=proven
  sshd_back "$how" || fail "sshd could not be restored"
  exit 0
  ;;
now) ;;
*) fail "there is nothing called $1" ;;
esac
sshd_back without || fail "sshd could not be restored"
if [ -e "$b/user" ]; then
  key_gone || fail "the key could not be removed"
else
  user_gone || fail "the user $u could not be removed"
fi
if [ -e "$b/sudoers" ]; then
  restore "$b/sudoers" "$rule" || fail "the sudo rule could not be restored"
else
  rm -f "$rule"
fi
sync
rm -rf "$d"
rmdir /var/lib/froyo 2>/dev/null
exit 0
