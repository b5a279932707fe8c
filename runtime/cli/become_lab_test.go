package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// TestLabBecomeMethods becomes root by su and doas, with the passwords of the lab and without.
func TestLabBecomeMethods(t *testing.T) {
	const converged = `ok=4 +changed=4`
	tests := []struct {
		name, method string
		doas         string // the rules of doas, "" is that there are none
		remove       bool   // doas is not installed
		password     string // "" is that none is given
		become       string // of the inventory, root where ""
		user         string // that logs in, ops where ""
		recap        string
		says         []string
	}{
		{name: "su", method: "su", password: labtest.Password, recap: converged},
		{name: "su, wrong password", method: "su", password: "wrong", says: []string{"su refused the password", "-K asks for the password of root"}},
		{name: "su, no password", method: "su", says: []string{"su asks for a password", "give that of root by -K"}},
		{name: "su to a user without a shell", method: "su", become: "www-data", password: labtest.Password, says: []string{"su refused the password", "password of www-data"}},
		{name: "no doas", method: "doas", remove: true, says: []string{"there is no doas to become root with", "install doas"}},
		{name: "doas without rules", method: "doas", says: []string{"there is no /etc/doas.conf", "permit ops as root"}},
		{name: "doas without a password", method: "doas", doas: "permit nopass ops", recap: converged},
		{name: "doas", method: "doas", doas: "permit ops", password: labtest.Password, recap: converged},
		{name: "doas, wrong password", method: "doas", doas: "permit ops", password: "wrong", says: []string{"doas refused the password", "-K asks for the password of ops"}},
		{name: "doas, no password", method: "doas", doas: "permit ops", says: []string{"doas asks for a password", "permit nopass ops as root"}},
		{name: "doas for another user", method: "doas", doas: "permit nopass ops", user: "opspw", says: []string{"doas does not allow opspw to run /bin/sh as root", "permit opspw as root"}},
		{name: "doas for one program", method: "doas", doas: "permit nopass ops cmd apt-get", says: []string{"doas does not allow ops to run /bin/sh as root", "with sudo only"}},
	}
	f := start(t, 1)
	f.trust(t)
	h := f.hosts[0]
	t.Cleanup(func() { f.clean(t) })
	const purge = "if command -v doas >/dev/null; then apt-get purge -y -q doas opendoas; fi"
	h.Undo(t, "rm -rf /etc/doas.conf /tmp/become; "+purge)
	// The content has all bytes, and more than a terminal takes at once: they must come through as they are.
	content := strings.Repeat(allBytes(), 400)
	f.write(t, "bytes", content)
	f.write(t, "site.star", `
file("/tmp/become", state = "directory", mode = "0755")
file("/tmp/become/bytes", source = "bytes", mode = "0600")
cmd("test $(id -un) = root && ! (true >/dev/tty) 2>/dev/null && cat /tmp/become/bytes | od -v -t x1", name = "root")
cmd("test $(id -un) = www-data", name = "www", run_as = "www-data")
`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.SSH(t, "rm -rf /etc/doas.conf /tmp/become")
			switch {
			case test.remove:
				h.SSH(t, purge)
			case test.method == "doas":
				h.SSH(t, "command -v doas >/dev/null || { apt-get update -q && apt-get install -y -q doas; }")
			}
			if test.doas != "" {
				h.SSH(t, "echo '"+test.doas+"' >/etc/doas.conf")
			}
			with := "ansible_become=yes ansible_become_method=" + test.method
			if test.become != "" {
				with += " ansible_become_user=" + test.become
			}
			user := "ops"
			if test.user != "" {
				user = test.user
			}
			f.inventory(t, user, map[string]string{h.Name: with})
			args := []string{"apply", "-y", "-v", "-i", "hosts.ini"}
			if test.password != "" {
				args = append(args, "-K")
			}
			cmd := f.command(t.Context(), args...)
			cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD="+test.password)
			code, stdout, stderr := f.finish(t, cmd)
			if (code == 0) != (test.recap != "") {
				t.Errorf("exit code %d", code)
			}
			if !regexp.MustCompile(`(?m)^h1 +: ` + test.recap).MatchString(stdout) {
				t.Errorf("want %s in the recap", test.recap)
			}
			for _, says := range test.says {
				if !strings.Contains(stderr, says) {
					t.Errorf("the error does not say %q", says)
				}
			}
			if strings.Contains(stdout+stderr, labtest.Password) {
				t.Error("the password is shown")
			}
			raw(t, stdout+stderr)
			if test.recap == "" {
				return
			}
			want := sha256.Sum256([]byte(content))
			if sum := h.SSH(t, "sha256sum </tmp/become/bytes"); !strings.HasPrefix(sum, hex.EncodeToString(want[:])) {
				t.Errorf("the file arrived changed: %s", sum)
			}
		})
	}
}

func allBytes() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return string(all)
}
