#!/bin/sh
# Restores what "froyo onboard" found: sshd, the user, the key, the sudo rule. Without an argument it does so outside the session
# that calls it, which may be that of the user who is removed. "login" restores sshd alone.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
u='@USER@'
k='@KEY@'
d=/var/lib/froyo/onboard
b=$d/before
fail() { echo "froyo onboard: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "this is for root alone"
[ -d "$b" ] || fail "nothing is kept in $b"

if [ $# = 0 ]; then
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    systemctl is-active --quiet froyo-onboard-rollback.service && exit 0
    exec systemd-run --quiet --collect --unit=froyo-onboard-rollback "$d/rollback" now
  fi
  setsid "$d/rollback" now </dev/null >/dev/null 2>&1 &
  exit 0
fi

restore() { # from a copy
  cmp -s "$1" "$2" && return 0
  cp -p "$1" "$2.froyo-new" && mv "$2.froyo-new" "$2"
}

sshd_back() {
  for f in /etc/ssh/sshd_config.d/*froyo*; do
    [ ! -e "$f" ] || [ -e "$b/sshd_config.d/${f##*/}" ] || rm -f "$f"
  done
  for f in "$b"/sshd_config.d/*; do
    [ ! -f "$f" ] || restore "$f" "/etc/ssh/sshd_config.d/${f##*/}" || return 1
  done
  [ -d "$b/sshd_config.d" ] || rmdir /etc/ssh/sshd_config.d 2>/dev/null
  [ ! -e "$b/sshd_config" ] || restore "$b/sshd_config" /etc/ssh/sshd_config || return 1
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
  getent passwd "$u" >/dev/null || return 0
  [ ! -d /run/systemd/system ] || loginctl terminate-user "$u" >/dev/null 2>&1
  i=0
  while [ "$i" -lt 100 ]; do
    left=$(processes)
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$left" ] || kill -KILL $left 2>/dev/null
    userdel -r "$u" 2>/dev/null # which is refused while somebody is logged in, who may come anew
    getent passwd "$u" >/dev/null || return 0
    sleep 0.1
    i=$((i + 1))
  done
  return 1
}

# In a home its owner says what is where: nothing there is done as root.
key_gone() {
  home=$(getent passwd "$u" | cut -d: -f6)
  [ -n "$home" ] || return 0
  { [ ! -e "$b/authorized_keys" ] || cat "$b/authorized_keys"; } | runuser -u "$u" -- env ONBOARD_KEY="$k" ONBOARD_HAD="$([ -e "$b/authorized_keys" ] && echo file) $([ -e "$b/ssh" ] && echo directory)" sh -c '
    umask 077
    cd "$1" || exit 1
    before=$(cat; echo .)
    [ -e .ssh/authorized_keys ] || exit 0
    ours=$(cut -d" " -f1,2 <<END
$ONBOARD_KEY
END
)
    now=$(grep -vF "$ours" .ssh/authorized_keys; echo .)
    case $now in "$before"|"${before%.}
.") now=$before;; esac
    if [ "$now" = . ] && [ "${ONBOARD_HAD#file}" = "$ONBOARD_HAD" ]; then
      rm -f .ssh/authorized_keys
      case $ONBOARD_HAD in *directory) ;; *) rmdir .ssh 2>/dev/null;; esac
      exit 0
    fi
    printf %s "${now%.}" >.ssh/authorized_keys
  ' sh "$home"
}

case $1 in
login) sshd_back || fail "sshd could not be restored"; exit 0 ;;
now) ;;
*) fail "there is nothing called $1" ;;
esac
sshd_back || fail "sshd could not be restored"
if [ -e "$b/user" ]; then
  key_gone || fail "the key could not be removed"
else
  user_gone || fail "the user $u could not be removed"
fi
if [ -e "$b/sudoers" ]; then
  restore "$b/sudoers" /etc/sudoers.d/froyo-onboard || fail "the sudo rule could not be restored"
else
  rm -f /etc/sudoers.d/froyo-onboard
fi
sync
rm -rf "$d"
rmdir /var/lib/froyo 2>/dev/null
exit 0
