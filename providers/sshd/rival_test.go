package sshd

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
)

// TestSshdRival: a line elsewhere that keeps the unit's setting from counting alone is named in the plan, by its file and line; without it
// what is planned is done. Nothing is refused at apply that was planned.
func TestSshdRival(t *testing.T) {
	for _, tt := range []struct {
		name, at, text string
		files          map[string]string
		give           given
	}{
		{"fewer numbers", "/etc/ssh/sshd_config:2", "MaxStartups 10:30:60", map[string]string{"sshd_config": "UsePAM no\nMaxStartups 10:30:60\n"}, given{"settings": given{"MaxStartups": 5}}},
		{"a subsystem", "/etc/ssh/sshd_config:4", "subsystem\tsftp\t/x", map[string]string{"sshd_config": "# a\n\n# b\nsubsystem\tsftp\t/x\n"}, given{"settings": given{"Subsystem": "sftp internal-sftp"}}},
		{"variables", "/etc/ssh/sshd_config.d/50-x.conf:1", "AcceptEnv LANG LC_*", map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": "AcceptEnv LANG LC_*\n"}, given{"settings": given{"AcceptEnv": []any{"A", "B"}}}},
		{"users, in a file that another one includes", "/etc/ssh/deep.conf:1", "AllowUsers=\"eve\"", map[string]string{"sshd_config": modern + "Include more.conf\n", "more.conf": "include deep*.conf\r\n", "deep.conf": "AllowUsers=\"eve\"\r\n"}, given{"allow_users": []any{"ops"}}},
		{"a port", "/etc/ssh/sshd_config:1", "\"Port\" 22", map[string]string{"sshd_config": "\"Port\" 22\nUsePAM no"}, given{"port": []any{2222}}},
		{"an address", "/etc/ssh/sshd_config:1", "LISTENADDRESS 127.0.0.1", map[string]string{"sshd_config": "LISTENADDRESS 127.0.0.1"}, given{"listen_address": []any{"127.0.0.2"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tt.files)
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			_, e := planned(k, h.unit(tt.give))
			file, _, _ := strings.Cut(tt.at, ":")
			hint := `remove that line before: line("` + file + `", line = ` + strconv.Quote(tt.text) + `, state = "absent")`
			if e == nil || !strings.HasPrefix(e.Message, tt.at+" sets ") || e.Hint != hint {
				t.Fatalf("%+v", e)
			}
			if strings.ContainsAny(e.Detail, "\r") || strings.Contains(e.Detail, "/tmp") {
				t.Errorf("%q", e.Detail)
			}
			for name, text := range tt.files {
				h.write(name, strings.Replace(strings.Replace(text, tt.text+"\r\n", "", 1), tt.text, "", 1))
			}
			h.sync()
			if _, e := planned(k, h.unit(tt.give)); e != nil {
				t.Fatalf("%+v", e)
			}
			if _, e := k.Apply(h.unit(tt.give)); e != nil {
				t.Fatalf("%+v", e)
			}
			if change, e := planned(k, h.unit(tt.give)); e != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, e)
			}
		})
	}
}

// TestSshdOddFiles: sshd reads files in many spellings. The settings count, a second run has nothing to do, and each byte is there
// again when the unit is gone.
func TestSshdOddFiles(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"carriage returns":    {"sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\r\nPasswordAuthentication yes\r\n", "sshd_config.d/50-x.conf": "PasswordAuthentication yes\r\n"},
		"those, and no end":   {"sshd_config": "UsePAM yes\r\nPasswordAuthentication yes\r\nMaxAuthTries 9", "sshd_config.d/50-x.conf": ""},
		"a key with a =":      {"sshd_config": "Include=/etc/ssh/sshd_config.d/*.conf\npasswordauthentication=yes\nMaxAuthTries = 9", "sshd_config.d/50-x.conf": "MAXAUTHTRIES=7"},
		"quotes":              {"sshd_config": "\t\"Include\" \"sshd_config.d/*.conf\" # all\n\"PasswordAuthentication\" \"yes\"\n", "sshd_config.d/50-x.conf": "MaxAuthTries \"7\" # many\n"},
		"odd case":            {"sshd_config": "iNCLUDE sshd_config.d/*.conf\nPASSWORDauthentication YES\n", "sshd_config.d/50-x.conf": "maxauthtries 7\n"},
		"several patterns":    {"sshd_config": "Include other/*.conf /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n", "other/a.conf": "MaxAuthTries 7\n", "sshd_config.d/50-x.conf": ""},
		"quotes, relative":    {"sshd_config": "Include \"other/*.conf\" \"sshd_config.d/*.conf\"\nPasswordAuthentication yes\n", "other/a.conf": "", "sshd_config.d/01-x.conf": "MaxAuthTries 7"},
		"an earlier Include":  {"sshd_config": "Include sshd_config.d/*.conf\n", "sshd_config.d/00-a.conf": "Include other/*.conf\n", "other/a.conf": "MaxAuthTries 7"},
		"nothing":             {"sshd_config": ""},
		"a break at its head": {"sshd_config": "\r\n\n \t\nMaxAuthTries 9\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, files)
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			u := h.unit(given{"password_authentication": false, "max_auth_tries": 3})
			if _, e := planned(k, u); e != nil {
				t.Fatalf("%+v", e)
			}
			if _, e := k.Apply(u); e != nil {
				t.Fatalf("%+v", e)
			}
			if a, b := h.shows("passwordauthentication"), h.shows("maxauthtries"); a != "no" || b != "3" {
				t.Errorf("%s %s", a, b)
			}
			if change, e := planned(k, u); e != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, e)
			}
			if _, e := k.Apply(h.unit(given{"state": "absent"})); e != nil {
				t.Fatalf("%+v", e)
			}
			for name, text := range files {
				if h.read(name) != text {
					t.Errorf("%s is %q, and was %q", name, h.read(name), text)
				}
			}
		})
	}
}

// TestSshdMatch: what is set otherwise for some connections is told of in each plan, by its file and line.
func TestSshdMatch(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]string{
		"sshd_config":             "Include sshd_config.d/*.conf\nMatch User deploy\r\n  PasswordAuthentication yes\r\n  ChallengeResponseAuthentication yes\n  PermitRootLogin no\nmatch all\npasswordauthentication=\"no\"\nInclude more.conf\n",
		"more.conf":               "PasswordAuthentication yes\n",
		"sshd_config.d/50-x.conf": "X11Forwarding yes\nMatch Address 10.0.0.0/8\nPasswordAuthentication yes\n",
	})
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	u := h.unit(given{"password_authentication": false, "permit_root_login": false})
	want := []string{
		`/etc/ssh/sshd_config.d/50-x.conf:3 sets PasswordAuthentication yes for "Match Address 10.0.0.0/8", whatever the unit sets`,
		`/etc/ssh/sshd_config:3 sets PasswordAuthentication yes for "Match User deploy", whatever the unit sets`,
		`/etc/ssh/sshd_config:4 sets ChallengeResponseAuthentication yes for "Match User deploy", whatever the unit sets`,
		`/etc/ssh/more.conf:1 sets PasswordAuthentication yes for "match all", whatever the unit sets`,
	}
	for range 2 {
		change, e := planned(k, u)
		if diff := cmp.Diff(want, change.Notes); e != nil || diff != "" {
			t.Errorf("%+v %s", e, diff)
		}
		if _, e := k.Apply(u); e != nil {
			t.Fatalf("%+v", e)
		}
	}
}

// TestSshdOnboarded: what onboarding has closed is not opened beside it.
func TestSshdOnboarded(t *testing.T) {
	t.Parallel()
	const locked = "# BEGIN froyo onboard\r\nPasswordAuthentication no\r\nKbdInteractiveAuthentication no\r\n# END froyo onboard\r\n"
	h := newHost(t, map[string]string{"sshd_config": locked + modern, "sshd_config.d/50-x.conf": ""})
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	if _, e := planned(k, h.unit(given{"password_authentication": false, "max_auth_tries": 3})); e != nil {
		t.Errorf("the same: %+v", e)
	}
	_, e := planned(k, h.unit(given{"password_authentication": true}))
	if e == nil || e.Message != `onboarding has closed at /etc/ssh/sshd_config:2 ("PasswordAuthentication no") what the unit opens` ||
		e.Hint != `leave it out of the unit, or take the lines out before: block("/etc/ssh/sshd_config", marker = "# {mark} froyo onboard", state = "absent")` {
		t.Fatalf("%+v", e)
	}
	h.write("sshd_config", modern)
	h.sync()
	if _, e := planned(k, h.unit(given{"password_authentication": true})); e != nil {
		t.Errorf("%+v", e)
	}
}

// TestSshdSays: what sshd says is told of the files as they are called, on lines of its own.
func TestSshdSays(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": "AllowAgentForwarding yes\n"})
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	for _, give := range []given{{"settings": given{"LogLevel": "LOUD"}}, {"settings": given{"Ciphers": "none-such", "MACs": "x"}}} {
		if _, e := planned(k, h.unit(give)); e == nil || e.Detail == "" || strings.Contains(e.Detail, "/") || strings.Contains(e.Detail, "\r") {
			t.Errorf("%+v", e)
		}
	}
	h.write("sshd_config.d/50-x.conf", "AllowAgentForwarding perhaps\n")
	h.sync()
	if _, e := planned(k, h.unit(given{"port": 22})); e == nil || !strings.Contains(e.Detail, "/etc/ssh/sshd_config.d/50-x.conf line 1: ") || strings.Contains(e.Detail, "\r") {
		t.Errorf("%+v", e)
	}
	// A removal, too, is tried before it is planned.
	h.write("sshd_config", "Include sshd_config.d/*.conf\n")
	h.write("sshd_config.d/00-froyo.conf", "PermitRootLogin no\n")
	h.sync()
	if _, e := planned(k, h.unit(given{"state": "absent"})); e == nil || !strings.Contains(e.Detail, "/etc/ssh/sshd_config.d/50-x.conf line 1: ") || e.Message != "sshd does not take the configuration as it would be" {
		t.Errorf("%+v", e)
	}
}

// TestSshdByOthers: settings that sshd shows otherwise where others are set elsewhere, and such as need another one.
func TestSshdByOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		main string
		give given
	}{
		"an address, with the ports that are there": {"Port 2222\nPort 2223\nAddressFamily inet\n", given{"listen_address": []any{"127.0.0.1"}}},
		"an address and a port":                     {"AddressFamily inet\n", given{"listen_address": []any{"127.0.0.1"}, "port": []any{2222}}},
		"a command with the user that is there":     {"AuthorizedKeysCommandUser nobody\n", given{"settings": given{"AuthorizedKeysCommand": "/bin/false"}}},
		"methods that are enabled":                  {"HostbasedAuthentication yes\n", given{"settings": given{"AuthenticationMethods": "hostbased,publickey"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, map[string]string{"sshd_config": "Include sshd_config.d/*.conf\n" + tt.main, "sshd_config.d/50-x.conf": ""})
			k := providertest.New(t, providertest.Native(Types()), h.Memory)
			u := h.unit(tt.give)
			if _, e := planned(k, u); e != nil {
				t.Fatalf("%+v", e)
			}
			if _, e := k.Apply(u); e != nil {
				t.Fatalf("%+v", e)
			}
			if change, e := planned(k, u); e != nil || change.Action != abi.None {
				t.Errorf("a second run: %+v %v", change, e)
			}
		})
	}
}

// TestSshdConverted: a block whose lines have got other ends is the unit's all the same.
func TestSshdConverted(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]string{"sshd_config": old})
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	u := h.unit(given{"max_auth_tries": 3})
	if _, e := k.Apply(u); e != nil {
		t.Fatal(e)
	}
	h.write("sshd_config", strings.ReplaceAll(h.read("sshd_config"), "\n", "\r\n"))
	h.sync()
	if _, e := k.Apply(u); e != nil {
		t.Fatal(e)
	}
	if change, e := k.Plan(u); e != nil || change.Action != abi.None || strings.Count(h.read("sshd_config"), "MaxAuthTries") != 1 {
		t.Errorf("%+v %v %q", change, e, h.read("sshd_config"))
	}
	h.write("sshd_config", strings.ReplaceAll(strings.ReplaceAll(h.read("sshd_config"), "\r", ""), "\n", "\r\n"))
	h.sync()
	if _, e := k.Apply(h.unit(given{"state": "absent"})); e != nil || h.read("sshd_config") != strings.ReplaceAll(old, "\n", "\r\n") {
		t.Errorf("%v %q", e, h.read("sshd_config"))
	}
}

// TestSshdStartedWith: settings on the command line of the sshd that runs count before every file, which each plan tells.
func TestSshdStartedWith(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]string{"sshd_config": modern, "sshd_config.d/50-x.conf": ""})
	cmd := exec.CommandContext(t.Context(), "sleep", "600")
	cmd.Args = []string{"sshd: /usr/sbin/sshd -D -oPasswordAuthentication=yes -o MaxAuthTries=3 -p 23 -o X11Forwarding no [listener] 0 of 10-100 startups"}
	cmd.Args = append(cmd.Args, "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.pid = strconv.Itoa(cmd.Process.Pid)
	k := providertest.New(t, providertest.Native(Types()), h.Memory)
	change, e := planned(k, h.unit(given{"password_authentication": false, "max_auth_tries": 3, "port": 22}))
	const rest = ", which counts before what the unit sets: see /etc/default/ssh, /etc/sysconfig/sshd and its service"
	want := []string{"sshd was started with PasswordAuthentication=yes" + rest, "sshd was started with Port=23" + rest}
	if diff := cmp.Diff(want, change.Notes); e != nil || diff != "" {
		t.Errorf("%v %s", e, diff)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
}
