package cli_test

import "testing"

// TestLabSshd sets what the SSH daemon lets in: on a host whose configuration reads a directory first, and on one with an old
// configuration, which does not, and sets the value twice.
func TestLabSshd(t *testing.T) {
	const own = "/etc/ssh/sshd_config.d/00-froyo.conf"
	change := func(keyword, from, to string) string {
		return "sed -i '/^" + keyword + " /s/" + from + "/" + to + "/' " + own
	}
	typeCases(t, []typeCase{
		{
			name: "modern",
			units: `sshd(password_authentication = False, kbd_interactive_authentication = False, pubkey_authentication = True, permit_empty_passwords = False,
    permit_root_login = "prohibit-password", port = [22, 2222], listen_address = ["0.0.0.0", "::"], allow_users = ["root", "ops"], allow_groups = ["*"],
    deny_users = ["mallory"], deny_groups = ["mallory"], max_auth_tries = 4, max_sessions = 8, login_grace_time = "1m", client_alive_interval = "5m",
    x11_forwarding = False, allow_tcp_forwarding = "local", settings = {"LogLevel": "VERBOSE", "use_dns": False, "Banner": "none", "AllowAgentForwarding": False})`,
			before: "cp -p /etc/ssh/sshd_config /root/; printf 'PasswordAuthentication yes\nMaxAuthTries 9\n' >/etc/ssh/sshd_config.d/50-cloud-init.conf",
			undo:   "rm -f /etc/ssh/sshd_config.d/00-froyo.conf /etc/ssh/sshd_config.d/50-cloud-init.conf; mv /root/sshd_config /etc/ssh/; systemctl reload ssh; sleep 1",
			holds: []string{
				"sshd -T | grep -qx 'passwordauthentication no'", "sshd -T | grep -qx 'maxauthtries 4'", "sshd -T | grep -qx 'loglevel VERBOSE'", "sshd -T | grep -qx 'logingracetime 60'",
				"cmp /root/sshd_config /etc/ssh/sshd_config", "test $(stat -c %a:%U " + own + ") = 644:root", "ss -ltn | grep -q ':2222 '", "! ls -d /etc/ssh/.froyo*",
			},
			look: "cat " + own,
			drifts: []drift{
				{"sshd.password_authentication", change("PasswordAuthentication", "no", "yes")},
				{"sshd.kbd_interactive_authentication", change("KbdInteractiveAuthentication", "no", "yes")},
				{"sshd.pubkey_authentication", change("PubkeyAuthentication", "yes", "no")},
				{"sshd.permit_empty_passwords", change("PermitEmptyPasswords", "no", "yes")},
				{"sshd.permit_root_login", change("PermitRootLogin", "prohibit-password", "yes")},
				{"sshd.port", change("Port", "2222", "2223")},
				{"sshd.listen_address", change("ListenAddress", "::", "::1")},
				{"sshd.allow_users", change("AllowUsers", "ops", "deploy")},
				{"sshd.allow_groups", change("AllowGroups", "[*]", "root")},
				{"sshd.deny_users", change("DenyUsers", "mallory", "eve")},
				{"sshd.deny_groups", change("DenyGroups", "mallory", "eve")},
				{"sshd.max_auth_tries", change("MaxAuthTries", "4", "6")},
				{"sshd.max_sessions", change("MaxSessions", "8", "9")},
				{"sshd.login_grace_time", change("LoginGraceTime", "1m", "2m")},
				{"sshd.client_alive_interval", change("ClientAliveInterval", "5m", "6m")},
				{"sshd.x11_forwarding", change("X11Forwarding", "no", "yes")},
				{"sshd.allow_tcp_forwarding", change("AllowTcpForwarding", "local", "yes")},
				{"sshd.settings", change("LogLevel", "VERBOSE", "INFO")},
			},
			later: []drift{{"sshd.state", "rm " + own}},
			refused: map[string]string{
				`sshd(settings = {"LogLevel": "LOUD"})`:          "sshd of the host does not take the settings; nothing was changed",
				`sshd(settings = {"PermitRootLogn": False})`:     "did you mean PermitRootLogin?",
				`sshd("../x", port = 22)`:                        "a name of letters, digits, _ and -",
				`sshd(allow_users = ["a b"])`:                    "a list of users",
				`sshd("extra", port = 2022)`:                     "sets Port, too, and sshd does not take the unit's alone",
				`sshd(settings = {"LogLevel": "INFO\nPort 23"})`: "cannot stand in a line of sshd_config",
			},
			gone: `sshd(state = "absent")`,
			left: "test ! -e " + own + " && cmp /root/sshd_config /etc/ssh/sshd_config && sshd -T | grep -qx 'passwordauthentication yes' && ! ss -ltn | grep -q ':2222 '",
		},
		{
			name:  "old",
			units: `sshd(password_authentication = False, permit_root_login = "prohibit-password")`,
			before: `cp -p /etc/ssh/sshd_config /root/saved
printf 'Port 22\nPasswordAuthentication yes\nPermitRootLogin yes\nUsePAM yes\nPasswordAuthentication yes\nSubsystem sftp internal-sftp\nMatch User deploy\n  PasswordAuthentication yes\n' >/etc/ssh/sshd_config
cp -p /etc/ssh/sshd_config /root/old; systemctl reload ssh; sleep 1`,
			undo: "mv /root/saved /etc/ssh/sshd_config; rm -f /root/old /etc/ssh/sshd_config.d/00-froyo.conf; systemctl reload ssh; sleep 1",
			holds: []string{
				"sshd -T | grep -qx 'passwordauthentication no'", "head -1 /etc/ssh/sshd_config | grep -qx '# BEGIN froyo sshd froyo'", "sed '/^# BEGIN froyo/,/^# END froyo/d' /etc/ssh/sshd_config | cmp - /root/old",
				"sshd -T -C user=deploy,host=x,addr=192.0.2.1 | grep -qx 'passwordauthentication yes'",
			},
			look:   "cat /etc/ssh/sshd_config",
			drifts: []drift{{"sshd.password_authentication", "sed -i '/^# BEGIN/,/^# END/s/Authentication no/Authentication yes/' /etc/ssh/sshd_config"}},
			gone:   `sshd(state = "absent")`,
			left:   "cmp /root/old /etc/ssh/sshd_config && sshd -T | grep -qx 'passwordauthentication yes'",
		},
	})
}
