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
