# Keeps what onboarding changes, once, for the time when it is undone.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
u='@USER@'
d=/var/lib/froyo/onboard
# An account of the system would let nobody in, or has a home that others have things in.
if was=$(getent passwd "$u"); then
  home=$(echo "$was" | cut -d: -f6)
  if [ "$(echo "$was" | cut -d: -f3)" = 0 ]; then echo "$u is root by another name: --create-user names another" >&2; exit 1; fi
  case $was in
  */nologin | */false) echo "$u has the shell ${was##*:}, which lets nobody in: --create-user names another" >&2; exit 1 ;;
  esac
  if [ -e "$home" ] && [ "$(stat -L -c %u "$home")" != "$(echo "$was" | cut -d: -f3)" ]; then
    echo "the home of $u, $home, is another user's: --create-user names another" >&2
    exit 1
  fi
fi
for p in /var/lib/froyo "$d"; do
  [ -e "$p" ] || [ -L "$p" ] || mkdir -m 0755 "$p"
  if [ -L "$p" ] || [ ! -d "$p" ] || [ "$(stat -c %u "$p")" != 0 ]; then echo "$p is no directory of root's" >&2; exit 1; fi
done
chmod 0700 "$d"
if [ -e "$d/before" ]; then
  echo "the host was onboarded before, with the user $(cat "$d/before/name"); restore it first" >&2
  exit 1
fi
t=$d/.before
rm -rf "$t"
mkdir "$t"
if getent passwd "$u" >/dev/null; then
  home=$(getent passwd "$u" | cut -d: -f6)
  : >"$t/user"
  # In a home its owner says what is where: nothing there is done as root.
  if runuser -u "$u" -- test -d "$home/.ssh"; then runuser -u "$u" -- stat -L -c %a "$home/.ssh" >"$t/ssh"; fi
  if runuser -u "$u" -- test -e "$home/.ssh/authorized_keys"; then
    runuser -u "$u" -- stat -L -c %a "$home/.ssh/authorized_keys" >"$t/authorized_keys.mode"
    runuser -u "$u" -- cat "$home/.ssh/authorized_keys" | head -c 1048576 >"$t/authorized_keys"
  fi
else
  base=$(useradd -D | sed -n 's/^HOME=//p')
  home=${base:-/home}/$u
  if [ -e "$home" ] || [ -L "$home" ]; then
    echo "$home is there, and no user $u: it would be taken for the new user's home, and removed with it" >&2
    exit 1
  fi
  # userdel would take these with the user.
  if getent group "$u" >/dev/null; then
    echo "the group $u is there, and no user $u: it would be removed with the user; --create-user names another" >&2
    exit 1
  fi
  if [ -e "/var/mail/$u" ]; then
    echo "/var/mail/$u is there, and no user $u: it would be removed with the user; move it" >&2
    exit 1
  fi
  # What useradd leaves beside the lists that it writes.
  for f in subuid subgid; do
    for f in "$f" "$f-"; do [ ! -e "/etc/$f" ] || cp -p "/etc/$f" "$t/"; done
  done
  [ -e /etc/.pwd.lock ] || : >"$t/unlocked"
fi
[ ! -e /etc/ssh/sshd_config ] || cp -pL /etc/ssh/sshd_config "$t/"
[ ! -e /etc/sudoers.d/froyo-onboard ] || cp -p /etc/sudoers.d/froyo-onboard "$t/sudoers"
echo '@KEY@' >"$t/key"
echo "$u" >"$t/name"
sync
mv "$t" "$d/before"
sync
