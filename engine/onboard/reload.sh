# Has sshd read its configuration anew, and looks whether it is as ONBOARD_SHOWS says. Else sshd gets back what it had, by the script on
# standard input, and what sets the other value is named.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
undo=$(cat; echo .)
if [ -d /run/systemd/system ]; then
  for s in ssh.service sshd.service; do
    if systemctl is-active --quiet "$s"; then systemctl reload-or-restart "$s"; break; fi
  done
else
  kill -HUP "$(cat /run/sshd.pid)"
fi
# shellcheck disable=SC2086 # the addresses and ports of both ends
set -- ${SSH_CONNECTION:-127.0.0.1 0 127.0.0.1 22}
wrong=
for who in root "$ONBOARD_LOGIN"; do
  shown=$(sshd -T -C "user=$who,host=localhost,addr=$1,laddr=${3:-127.0.0.1},lport=${4:-22}") || shown=
  lacks=$(printf %s "$ONBOARD_SHOWS" | while read -r line; do
    printf '%s\n' "$shown" | grep -qx "$line" || { echo "$line"; break; }
  done)
  if [ -n "$lacks" ]; then wrong=$lacks; break; fi
done
[ -n "$wrong" ] || exit 0
where=$(awk -v want="${wrong%% *}" '
  { sub(/\r$/, "") }
  FNR == 1 { below = ""; ours = 0 }
  $0 == "# BEGIN froyo onboard" { ours = 1 }
  $0 == "# END froyo onboard" { ours = 0 }
  { word = tolower($0); sub(/^[ \t]+/, "", word); sub(/[ \t=].*/, "", word); text = $0; sub(/^[ \t]+/, "", text) }
  word == "match" { below = " below \"" text "\"" }
  !ours && (word == want || want == "kbdinteractiveauthentication" && word == "challengeresponseauthentication") {
    place = FILENAME " line " FNR ", \"" text "\""
    if (below) matched = matched place below "; "; else other = other place "; "
  }
  END { text = matched ? matched : other; sub(/; $/, "", text); print text }
' /etc/ssh/sshd_config $(ls /etc/ssh/sshd_config.d/*.conf 2>/dev/null))
after="sshd is as it was before"
printf %s "${undo%.}" | sh -s login >&2 || after="sshd could not be restored"
echo "sshd -T does not show \"$wrong\" for $who${where:+, which is set by $where}; $after" >&2
exit 1
