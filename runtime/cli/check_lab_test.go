package cli_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabInventoryCheck: who answers, by which key, as whom: root by a key, a user with sudo, one whose sudo asks for a
// password that is not given, one whose sudo allows some commands, a key that the host does not know, and a host that is cut off.
func TestLabInventoryCheck(t *testing.T) {
	f := start(t, 3)
	f.trust(t)
	stranger := filepath.Join(f.dir, "stranger")
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	line := func(name, rest string) string {
		return name + " ansible_host=" + f.hosts[0].Addr + " " + rest + "\n"
	}
	key := " ansible_ssh_private_key_file=" + f.hosts[0].KeyFile
	f.write(t, "hosts.ini", line("plain", "ansible_user=root"+key)+line("sudo", "ansible_user=ops ansible_become=yes"+key)+
		line("asks", "ansible_user=opspw ansible_become=yes"+key)+line("some", "ansible_user=opsre ansible_become=yes"+key)+
		line("stranger", "ansible_user=root ansible_ssh_private_key_file="+stranger)+"gone ansible_host=192.0.2.254 ansible_user=root"+key+"\n")
	code, out, errs := f.run(t, "inventory", "check", "--timeout", "2")
	if code != 3 {
		t.Errorf("code %d, want 3", code)
	}
	rows := map[string]string{}
	for row := range strings.Lines(out) {
		name, rest, _ := strings.Cut(row, " ")
		rows[name] = strings.Join(strings.Fields(rest), " ")
	}
	at := f.hosts[0].Addr + ":22"
	by := f.hosts[0].KeyFile + " (ed25519)"
	for name, want := range map[string]string{
		"plain": "yes root@" + at + " " + by + " root Debian", "sudo": "yes ops@" + at + " " + by + " root by sudo Debian",
		"asks": "no opspw@" + at + " " + by, "some": "yes opsre@" + at + " " + by + " root by sudo, only /usr/bin/apt, /usr/bin/dnf, /usr/bin/systemctl Debian",
		"stranger": "no ", "gone": "no ",
	} {
		if !strings.HasPrefix(rows[name], want) {
			t.Errorf("%s: %q, want %q", name, rows[name], want)
		}
	}
	if !strings.Contains(out, "\n3 of 6 hosts answer.\n") {
		t.Error("the hosts that answer are not counted")
	}
	for _, want := range []string{"asks: ", "stranger: ", "gone: "} {
		if !strings.Contains(errs, "froyo: error: "+want) {
			t.Errorf("no error of %q", want)
		}
	}
	t.Run("password", func(t *testing.T) {
		f.env = append(f.env, "FROYO_SSH_PASSWORD=s3cr3t", "FROYO_BECOME_PASSWORD=s3cr3t")
		f.write(t, "hosts.ini", line("asks", "ansible_user=opspw ansible_become=yes ansible_ssh_private_key_file="+stranger))
		if code, out, _ := f.run(t, "inventory", "check", "-k", "-K", "--json"); code != 0 || !strings.Contains(out, `"by": "password"`) || !strings.Contains(out, `"acts_as": "root by sudo"`) {
			t.Errorf("code %d\n%s", code, out)
		}
	})
}
