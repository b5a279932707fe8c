# Of a user's authorized_keys: others 0 prints all but the keys that onboarding brought before the new one, others 1 these alone.
umask 077
f=$(readlink -f "$(getent passwd "$(id -un)" | cut -d: -f6)/.ssh/authorized_keys")
others() {
  awk -v new='@NEW@' -v old='@OLD@' -v mark='@MARK@' '
    function key(i) { for (i = 1; i < NF; i++) if ($i ~ /^(ssh-|ecdsa-|sk-)/ && $(i + 1) ~ /^AAAA/) return $i " " $(i + 1); return "" }
    { k = key(); gone = k != "" && k != new && (k == old || $NF == mark); if (gone == want) print }' want="$1" "$f"
}
