package ssh

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/target"
)

// resolved resolves a host with the given files below a home directory, and
// gives the target as text.
func resolved(t *testing.T, files map[string]string, h Host) string {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(home, ".ssh", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := NewDialer(Options{Home: home, User: "me", ConfigFiles: []string{filepath.Join(home, ".ssh", "config"), filepath.Join(home, ".ssh", "missing")}})
	target, err := d.resolve(t.Context(), h)
	if err != nil {
		return strings.ReplaceAll(err.Error(), home, "~")
	}
	var text strings.Builder
	text.WriteString(target.id())
	for _, key := range target.explicit {
		text.WriteString(" key=" + key)
	}
	return strings.ReplaceAll(text.String(), home, "~")
}

func TestResolve(t *testing.T) {
	tests := []struct {
		name   string
		config string
		host   Host
		want   string
	}{
		{"nothing", "", Host{Name: "h1"}, "me@h1:22 "},
		{"by name", "Host h1\n HostName 10.0.0.1\n Port 2222\n User ops\n IdentityFile ~/.ssh/k\n", Host{Name: "h1"}, "ops@10.0.0.1:2222  key=~/.ssh/k"},
		{"by address", "Host alias\n HostName 10.0.0.1\n", Host{Name: "h1", Address: "alias"}, "me@10.0.0.1:22 "},
		{"explicit wins", "Host *\n Port 2222\n User ops\n", Host{Name: "h1", Port: 23, User: "root"}, "root@h1:23 "},
		{"first wins", "Host h1\n User a\nHost *\n User b\n Port 9\n", Host{Name: "h1"}, "a@h1:9 "},
		{"negated", "Host * !h1\n User a\n", Host{Name: "h1"}, "me@h1:22 "},
		{"equals and case", "HOST=h1\nuSER = \"ops\" # why\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"tabs and CRLF", "Host\th0\th1\r\n\tUser\tops\r\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"expansion", "Host h?\n HostName %h.example.org\n IdentityFile %d/%r@%h:%p\n", Host{Name: "h1"}, "me@h1.example.org:22  key=~/me@h1.example.org:22"},
		{"match all and host", "Match host h1,h2\n User a\nMatch all\n Port 9\n", Host{Name: "h1"}, "a@h1:9 "},
		{"match with a list", "Match host h2,h3\n User a\n", Host{Name: "h1"}, "me@h1:22 "},
		{
			"match by what only ssh can judge", "Match final all\n User a\nMatch user x\n Port 9\nMatch exec \"test %h = h1\"\n Port 8\nMatch canonical host h1\n Port 7\nHost h1\n User ops\n",
			Host{Name: "h1"},
			"ops@h1:8 ",
		},
		{"match exec to a bastion", "Match exec \"true\"\n ProxyJump bastion\n", Host{Name: "h1"}, "me@h1:22 bastion"},
		{"match exec that is not so", "Match exec \"false\"\n ProxyJump bastion\n", Host{Name: "h1"}, "me@h1:22 "},
		{"match of the real name", "Host h1\n HostName r1\nMatch host r1\n ProxyJump bastion\n", Host{Name: "h1"}, "me@r1:22 bastion"},
		{"match of another", "Host h1\n IdentityFile ~/.ssh/k\nMatch user nobody\n Port 9\n", Host{Name: "h1"}, "me@h1:22  key=~/.ssh/k"},
		{"match for another host", "Host h2\n Port 9\nMatch exec \"\n", Host{Name: "h1"}, unclear + "config line 3: "},
		{"match within another host", "Host h2\n Include match\nHost h1\n Port 9\n", Host{Name: "h1"}, "me@h1:9 "},
		{"explicit user and port for match", "Match user root exec \"test %p = 23\"\n ProxyJump bastion\n", Host{Name: "h1", Port: 23, User: "root"}, "root@h1:23 bastion"},
		{"jumps", "Host h1\n ProxyJump a,b@c:23\n", Host{Name: "h1"}, "me@h1:22 a,b@c:23"},
		{"no jump", "Host h1\n ProxyJump none\n ProxyJump b\n", Host{Name: "h1"}, "me@h1:22 "},
		{"no jump, and a command", "Host h1\n ProxyJump none\n ProxyCommand nc %h %p\n", Host{Name: "h1"}, "me@h1:22 nc h1 22"},
		{"a command before a jump", "Host h1\n ProxyCommand none\n ProxyJump b\n", Host{Name: "h1"}, "me@h1:22 "},
		{"proxy command", "Host h1\n ProxyCommand nc %h %p\n", Host{Name: "h1"}, "me@h1:22 nc h1 22"},
		{"include", "Include extra\nHost *\n User late\n", Host{Name: "h1"}, "extra@h1:22 "},
		{"include goes on", "Host h1\n Port 9\n Include extra\n User late\n", Host{Name: "h1"}, "extra@h1:9 "},
		{"include within another host", "Host h2\n Include extra\nHost h1\n Port 9\n", Host{Name: "h1"}, "me@h1:9 "},
		{"include of itself", "Include config\nHost h1\n User ops\n", Host{Name: "h1"}, unclear + "does not follow HOME"},
		{"include of a bad file", "Include bad\nHost h1\n User ops\n", Host{Name: "h1"}, unclear + "does not follow HOME"},
		{"key without value", "Host h1\n User\n Port 9\n", Host{Name: "h1"}, unclear + "config line 2: "},
		{"a command that knows keys", "KnownHostsCommand /bin/keys\n", Host{Name: "h1"}, "h1: ssh_config sets knownhostscommand /bin/keys (~/.ssh/config:1), which froyo does not support"},
		{"a command of another host that knows keys", "Host h2\n KnownHostsCommand /bin/keys\n", Host{Name: "h1"}, "me@h1:22 "},
		{"another agent", "IdentityAgent ~/agent\n", Host{Name: "h1"}, "me@h1:22 "},
		{"no algorithm that is known", "Ciphers rot13\n", Host{Name: "h1"}, "h1: ssh_config allows ciphers rot13 (~/.ssh/config:1), none of which froyo knows"},
		{"bad port", "Host h1\n Port ssh\n", Host{Name: "h1"}, "h1: ssh_config has the port ssh"},
		{"hostile HostName", "Host h1\n HostName -oProxyCommand=x\n", Host{Name: "h1"}, "h1: the address -oProxyCommand=x holds a character that no address has"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := resolved(t, map[string]string{
				"config": test.config,
				"extra":  "User extra\nHost h9\n User nine\n",
				"match":  "Match exec \"true\"\n Port 7\n",
				"bad":    "Match final all\n User bad\nHost [\n User worse\n\x00\x01 =\n",
			}, test.host)
			if start, rest, cut := strings.Cut(test.want, unclear); cut && start == "" {
				if !strings.Contains(got, "could not be evaluated") || !strings.Contains(got, rest) {
					t.Errorf("got %q, want it to say that ssh_config could not be evaluated, and %q", got, rest)
				}
				return
			}
			if strings.HasPrefix(test.want, "h1: ") {
				got = got[:min(len(got), len(test.want))]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// unclear begins what is expected of a configuration that cannot be evaluated;
// behind it is a part of the reason.
const unclear = "unclear: "

// TestWithoutSSH has no ssh program: what cannot be evaluated keeps froyo from connecting.
func TestWithoutSSH(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte("Host h2\n Port 9\nHost *\n Port 8\nMatch exec \"x\x1b\"\n ProxyJump b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewDialer(Options{Home: t.TempDir(), User: "me", ConfigFiles: []string{path}})
	d.config.Program = "/nonexistent/ssh"
	_, err := d.resolve(t.Context(), Host{Name: "h1"})
	if err == nil || !strings.Contains(err.Error(), `config:5: match exec`) || !strings.Contains(err.Error(), "not installed") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("got %v", err)
	}
	const hint = "install the ssh program (openssh-client), or give --ssh-config a file without that block"
	if e, ok := errors.AsType[*target.Error](err); !ok || e.Hint != hint {
		t.Errorf("got %+v", err)
	}
	if err := os.WriteFile(path, []byte("Host h2\n Port 9\nHost *\n Port 8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	without := NewDialer(Options{Home: t.TempDir(), User: "me", ConfigFiles: []string{path}})
	without.config.Program = "/nonexistent/ssh"
	if _, err := without.resolve(t.Context(), Host{Name: "h1"}); err != nil {
		t.Error(err)
	}
}

// TestAlgorithms applies lists as ssh_config(5) tells.
func TestAlgorithms(t *testing.T) {
	secure, insecure := []string{"a1", "a2", "b1"}, []string{"x1"}
	for list, want := range map[string]string{
		"b1,a1": "b1 a1", "a*": "a1 a2", "x1,a2": "x1 a2", "+x*": "a1 a2 b1 x1", "-a*": "b1", "^b1": "b1 a1 a2", "zz": "",
	} {
		if got := strings.Join(algorithms(list, secure, insecure), " "); got != want {
			t.Errorf("%s: got %q, want %q", list, got, want)
		}
	}
}

// TestAlgorithmsOfSSH has each algorithm that the ssh program knows known, or named as lacking.
func TestAlgorithmsOfSSH(t *testing.T) {
	t.Parallel()
	for query, setting := range map[string]string{"cipher": "ciphers", "mac": "macs", "kex": "kexalgorithms", "HostKeyAlgorithms": "hostkeyalgorithms", "PubkeyAcceptedAlgorithms": "pubkeyacceptedalgorithms"} {
		out, err := exec.CommandContext(t.Context(), "ssh", "-Q", query).Output()
		if err != nil {
			t.Skip(err)
		}
		secure, insecure := algorithmsFor(setting)
		for name := range strings.FieldsSeq(string(out)) {
			if !slices.Contains(slices.Concat(secure, insecure, lacking), name) {
				t.Errorf("%s %s is not known", setting, name)
			}
		}
	}
}

// TestNetworkErrors: what the network and its resolver say is put in plain words.
func TestNetworkErrors(t *testing.T) {
	connect := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	e := &endpoint{name: "h1", address: "web", port: 22, way: way{timeout: time.Second}}
	for _, test := range []struct {
		err        error
		want, hint string
	}{
		{&net.DNSError{Err: "no such host", Name: "web", IsNotFound: true}, "no address is known for web", "check the name, or give the address in the inventory (ansible_host)"},
		{&net.DNSError{Err: "server misbehaving", Name: "web"}, "no name server says what address web has", "does this machine reach its name servers (/etc/resolv.conf)? or give the address in the inventory (ansible_host)"},
		{&net.DNSError{Err: "i/o timeout", Name: "web", IsTimeout: true}, "no name server says what address web has", "does this machine reach its name servers (/etc/resolv.conf)?"},
		{connect(syscall.EACCES), "a firewall or route of this machine forbids connections to web:22", ""},
		{connect(syscall.EHOSTUNREACH), "no route to web:22", "is the address right, and is this machine in a network that reaches it?"},
		{connect(syscall.ECONNREFUSED), "web:22 refuses connections", "is sshd running, and on this port?"},
		{connect(syscall.EADDRNOTAVAIL), "no connection to web:22: cannot assign requested address", ""},
		{&net.AddrError{Err: "no suitable address", Addr: "web"}, "no connection to web:22: no suitable address", ""},
		{os.ErrDeadlineExceeded, "no answer from web:22 within 1s", "is the host up, and does a firewall drop the packets?"},
	} {
		got, ok := errors.AsType[*target.Error](e.failed(t.Context(), test.err))
		if !ok || got.Message != test.want || !strings.HasPrefix(got.Hint, test.hint) || (test.hint == "") != (got.Hint == "") {
			t.Errorf("%v: got %+v", test.err, got)
		}
	}
}
