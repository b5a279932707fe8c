package ssh_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
	gossh "golang.org/x/crypto/ssh"
)

// open starts a server whose runners live in a directory of the test, and opens
// a session with it. The test fails if a runner is left behind.
func open(t *testing.T, o sshtest.Options) (*sshtest.Server, *dial.Session) {
	t.Helper()
	dir := t.TempDir()
	o.Env = []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + dir, "HOME=/proc/nonexistent"}
	t.Cleanup(func() { wantEmpty(t, dir) })
	s := sshtest.Start(t, o)
	c, err := dialTo(t, s, options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	session := dial.Open(c, dial.Options{Host: "h1", Binary: dialtest.Binary(t)})
	t.Cleanup(func() { _ = session.Close(context.Background()) })
	return s, session
}

// wantEmpty checks that a directory becomes empty.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left behind: %v", entries)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	_, s := open(t, sshtest.Options{Noise: "Welcome\x1b[2J\nno newline at the end"})
	data := bytes.Repeat([]byte("froyo\n"), 1<<19) // more than a window of SSH
	path := filepath.Join(t.TempDir(), "file")
	outcomes, err := s.Run(t.Context(), []target.Step{
		{Op: op.Op{Write: &op.Write{Path: path, Content: op.NewBlob(data)}}},
		{Op: op.Op{Read: &op.Read{Path: path, Limit: 16 << 20}}},
		{Op: op.Op{Exec: &op.Exec{Shell: "sha256sum <" + path}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes[1].Result.Read; got == nil || got.Content == nil || got.Content.Sum != op.Sum(data) {
		t.Errorf("read gave %+v", got)
	}
	if got := outcomes[2].Result.Exec; got == nil || !strings.HasPrefix(got.Stdout, op.Sum(data)) {
		t.Errorf("exec gave %+v", got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestConnectionCut cuts the connection at many points, from the login on.
func TestConnectionCut(t *testing.T) {
	binary, err := dialtest.Binary(t)("linux", "amd64")
	if err != nil {
		t.Skip(err)
	}
	for _, after := range []int64{6_000, 10_000, int64(len(binary.Gzip)) / 2, int64(len(binary.Gzip))} {
		_, s := open(t, sshtest.Options{CutAfter: after})
		_, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Shell: "true"}}}})
		wantError(t, err, target.StageLost)
	}
}

// TestConnectionCutWhileWriting leaves the old file whole.
func TestConnectionCutWhileWriting(t *testing.T) {
	server, s := open(t, sshtest.Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	big := &op.Blob{Sum: op.Sum(nil), Size: 1 << 30, Open: op.NewBlob(make([]byte, 8<<20)).Open}
	if _, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Stat: &op.Stat{Path: path}}}}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(context.Background(), []target.Step{
			{Op: op.Op{Exec: &op.Exec{Shell: "touch " + dir + "/started; exec sleep 3600"}}},
			{Op: op.Op{Write: &op.Write{Path: path, Content: big}}},
		})
		done <- err
	}()
	for {
		if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	server.Cut()
	wantError(t, <-done, target.StageLost, "the connection was lost", "under way: exec touch", "and 1 more")
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

// TestRunnerKilledOverSSH learns the signal from the server.
func TestRunnerKilledOverSSH(t *testing.T) {
	_, s := open(t, sshtest.Options{})
	_, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Shell: "kill -KILL $PPID"}}}})
	wantError(t, err, target.StageLost, "the runner ended: killed by signal KILL")
}

// TestOneHostHarmsNoOther runs a good host beside bad ones.
func TestOneHostHarmsNoOther(t *testing.T) {
	_, good := open(t, sshtest.Options{})
	_, refusing := open(t, sshtest.Options{RefuseExec: true})
	_, noisy := open(t, sshtest.Options{Shell: []string{"/bin/sh", "-c", "yes"}})
	step := []target.Step{{Op: op.Op{Stat: &op.Stat{Path: "/"}}}}
	_, err := refusing.Do(t.Context(), step)
	wantError(t, err, target.StageStart, "refuses to run commands")
	_, err = noisy.Do(t.Context(), step)
	wantError(t, err, target.StageStart, "without end")
	if got, err := good.Do(t.Context(), step); err != nil || !got[0].Stat.Exists {
		t.Errorf("the good host: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := good.Do(ctx, step); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestHostPassword: the password of a host goes to it alone, and an error says where it is from.
func TestHostPassword(t *testing.T) {
	one, other := sshtest.Start(t, sshtest.Options{Password: "one's"}), sshtest.Start(t, sshtest.Options{Password: "other's", Interactive: true})
	o := options(t, one)
	o.KnownHosts = append(o.KnownHosts, other.KnownHosts(t))
	o.Password = func() (string, error) { t.Error("the password of all hosts was asked for"); return "", nil }
	d := ssh.NewDialer(o)
	t.Cleanup(func() { closeOrFail(t, d) })
	host := func(s *sshtest.Server, password string) ssh.Host {
		return ssh.Host{
			Name: "h1", Address: "127.0.0.1", Port: s.Port(t), PasswordFrom: "hosts.yml:3:5",
			Password: func() (string, error) { return password, nil },
		}
	}
	for _, h := range []ssh.Host{host(one, "one's"), host(other, "other's")} {
		c, err := d.Dial(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		closeOrFail(t, c)
	}
	_, err := d.Dial(t.Context(), host(other, "one's"))
	wantError(t, err, target.StageAuth, "permission denied", "the password is that of hosts.yml:3:5")
}

// TestKeyOfNoFile: a key that is given as a text logs in, and one that cannot be used is told with where it is from.
func TestKeyOfNoFile(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	text, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := gossh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := gossh.MarshalPrivateKeyWithPassphrase(private, "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, s)
	o.Keys = nil
	d := ssh.NewDialer(o)
	t.Cleanup(func() { closeOrFail(t, d) })
	dial := func(key string, err error) (*ssh.Client, error) {
		return d.Dial(t.Context(), ssh.Host{
			Name: "h1", Address: "127.0.0.1", Port: s.Port(t), KeyFrom: "inventory.cue:3:5",
			Key: func() (string, error) { return key, err },
		})
	}
	c, err := dial(strings.TrimSuffix(string(text), "\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if from := c.Login().Source; from != "inventory.cue:3:5" {
		t.Errorf("the key is from %q", from)
	}
	closeOrFail(t, c)
	_, err = dial("rubbish", nil)
	wantError(t, err, target.StageAuth, "key of inventory.cue:3:5: it holds no private key", "")
	_, err = dial(string(pem.EncodeToMemory(locked)), nil)
	wantError(t, err, target.StageAuth, "key of inventory.cue:3:5: it is encrypted: keep it without a passphrase", "")
	_, err = dial("", &target.Error{Message: "inventory.cue:3:5: the private key cannot be read", Hint: "froyo secret set x"})
	wantError(t, err, target.StageAuth, "inventory.cue:3:5: the private key cannot be read", "froyo secret set x")
}
