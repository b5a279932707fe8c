package ssh_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// slow is an agent that signs nothing before the test ends, as one whose owner is away.
type slow struct {
	agent.Agent
	until <-chan struct{}
}

func (s slow) Sign(key xssh.PublicKey, data []byte) (*xssh.Signature, error) {
	<-s.until
	return s.Agent.Sign(key, data)
}

// TestAgentThatWaits is asked to sign, and does not in time.
func TestAgentThatWaits(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	text, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := xssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	o := options(t, s)
	o.Keys, o.AgentSocket, o.ConnectTimeout = nil, agentOf(t, slow{ring, t.Context().Done()}), 3*time.Second
	followed(t, s, o, "the SSH agent did not sign with ssh-ed25519 SHA256:", "confirm what the agent asks, or give it longer by --timeout; or name a key by --key",
		func(o *ssh.Options) { o.Keys, o.AgentSocket = []string{s.ClientKey}, "" })
}

// TestCheckHostIPHint removes what is known of an address, as the hint says.
func TestCheckHostIPHint(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip(err)
	}
	s, other := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	line := func(host string, s *sshtest.Server) string {
		return "[" + host + "]:" + portOf(s) + " " + string(xssh.MarshalAuthorizedKey(s.HostKey.PublicKey()))
	}
	known := line("localhost", s) + strings.Replace(line("127.0.0.1", other), portOf(other), portOf(s), 1)
	if err := os.WriteFile(o.KnownHosts[0], []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	o.ConfigFiles = sshConfig(t, "CheckHostIP yes\nAddressFamily inet\n")
	dial := func() error {
		d := ssh.NewDialer(o)
		defer d.Close()
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "localhost", Port: s.Port(t)})
		if err == nil {
			closeOrFail(t, c)
		}
		return err
	}
	e := wantWorded(t, dial(), "knows the address 127.0.0.1 by another key than", "has the name moved to another host? then: ssh-keygen -R '")
	command := e.Hint[strings.Index(e.Hint, "ssh-keygen"):]
	if !strings.Contains(command, "' -f ") {
		t.Errorf("hint %q", e.Hint)
	}
	shell(t, command)
	if err := dial(); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}

// TestCertificateHint has a host without a certificate get one, as the hint says.
func TestCertificateHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, showCertificate)
	w.write(t, "known", "@cert-authority * "+w.read(t, "{jumpkey}.pub"))
	w.write(t, "config", reaches)
	dial := func() error {
		d := ssh.NewDialer(ssh.Options{Home: w.dir, User: "me", ConfigFiles: []string{w.path("config")}})
		defer d.Close()
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1"})
		if err == nil {
			closeOrFail(t, c)
		}
		return err
	}
	e := wantWorded(t, dial(), "the host shows no certificate", "have that authority sign the host's key (ssh-keygen -s AUTHORITY -h -I ID -n 127.0.0.1 KEY.pub), and its sshd show that (HostCertificate)")
	_, command, _ := strings.Cut(e.Hint, "(")
	command, _, _ = strings.Cut(command, ")")
	if err := os.WriteFile(w.expand("{server}/host.pub"), []byte(hostKeyOf(w.server)), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(t, strings.NewReplacer("AUTHORITY", w.expand("{jumpkey}"), "KEY", w.expand("{server}/host")).Replace(command))
	if err := dial(); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
	known := w.read(t, "{known}")
	w.write(t, "known", known+"@revoked * "+w.read(t, "{jumpkey}.pub"))
	wantWorded(t, dial(), "the host key is revoked by "+w.path("known")+":2", "give the host another key, or remove the line where it is wrong")
	w.write(t, "known", known)
	if err := dial(); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}

// TestExposedKeyHint makes a key secret again, as the hint says.
func TestExposedKeyHint(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	if err := os.Chmod(s.ClientKey, 0o644); err != nil {
		t.Fatal(err)
	}
	followed(t, s, options(t, s), "others may read it", "chmod 600 "+s.ClientKey, func(*ssh.Options) { shell(t, "chmod 600 "+s.ClientKey) })
}

// TestSettingHints has settings of ssh_config that are wrong, or rule out what there is, and follows what is said of them.
func TestSettingHints(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip(err)
	}
	s := sshtest.Start(t, sshtest.Options{})
	for _, test := range []struct{ config, message, hint, follow string }{
		{"Host *\n Prot 22\n", ":2: prot, which is not an option that froyo knows", "correct or remove {}:2, or allow it with IgnoreUnknown above it", "IgnoreUnknown Prot\nHost *\n Prot 22\n"},
		{"ConnectTimeout 3\nConnectTimeout abc\n", ":2: connecttimeout abc", "correct or remove {}:2", "ConnectTimeout 3\n"},
		{"Pr\033\\t 22\n", `:1: pr\x1b\\t, which`, "correct or remove {}:1", "\n"},
		{"BindAddress 192.0.2.7\n", "from 192.0.2.7, the BindAddress of ssh_config", "set BindAddress to an address that this machine has", "BindAddress 127.0.0.1\n"},
		{"AddressFamily inet6\n", "no suitable address", "AddressFamily of ssh_config leaves out the host's addresses; any allows all", "AddressFamily any\n"},
	} {
		o := options(t, s)
		o.ConfigFiles = sshConfig(t, test.config)
		followed(t, s, o, test.message, strings.ReplaceAll(test.hint, "{}", o.ConfigFiles[0]), func(o *ssh.Options) { o.ConfigFiles = sshConfig(t, test.follow) })
	}
}

// TestBannerOfLines shows what a host says to all as the lines that it is, without what would act on a terminal.
func TestBannerOfLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "Banner {dir}/banner\n")
	if err := os.WriteFile(w.expand("{server}/banner"), []byte("Property of ACME.\r\nAccounts are closed:\x1b[2J ask ops.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.write(t, "config", "User nobody-else\n"+reaches)
	d := ssh.NewDialer(ssh.Options{Home: w.dir, User: "me", ConfigFiles: []string{w.path("config")}})
	defer d.Close()
	_, err := d.Dial(t.Context(), ssh.Host{Name: "h1"})
	e := wantWorded(t, err, "permission denied for user nobody-else", "")
	if want := "Property of ACME.\nAccounts are closed:" + `\x1b[2J` + " ask ops."; e.Detail != want {
		t.Errorf("detail %q, want %q", e.Detail, want)
	}
}
