package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// probes deploys a service that listens on each host's loopback alone, and asks
// it from there, from the neighbour, and from here.
const probes = `
load("ca.star", "CA")

def web(host):
    other = [h for h in hosts() if h.name != host.name][0]
    file("/srv/lab", state = "directory")
    for name, mode in [("serve", "0755"), ("cert.pem", "0644"), ("key.pem", "0600")]:
        file("/srv/lab/" + name, source = name, mode = mode)
    cmd("systemd-run --unit=lab-serve /srv/lab/serve", name = "serve", unless = "systemctl -q is-active lab-serve")
    p = probe_http("http://127.0.0.1:8080/", via = host, contains = "hello from", attempts = 50, interval = "200ms")
    probe_http("https://service.lab:8443/", via = host, ca = CA, attempts = 50, interval = "200ms")
    probe_tcp("127.0.0.1", port = 22, via = host, contains = "SSH-2.0-")
    probe_tcp(other.address, port = 22, via = host, contains = "SSH-2.0-")
    probe_tcp(host.address, port = 8080, via = other, closed = True)
    probe_tcp(host.address, port = 8080, closed = True, name = "from outside")
    file("/srv/lab/answer", content = later(lambda: p.body))

play("web", hosts = "all", do = web)
`

// TestLabProbe probes services on hosts whose sshd forwards nothing.
func TestLabProbe(t *testing.T) {
	f := start(t, 2)
	t.Cleanup(func() { f.clean(t) })
	f.trust(t)
	f.inventory(t, "ops", nil)
	f.service(t)
	for _, h := range f.hosts {
		if !forwards(h.Addr, h.KeyFile, h.KnownHosts) {
			t.Fatalf("%s: its sshd forwards nothing already, so that this test would show nothing", h.Name)
		}
		h.Undo(t, "systemctl stop lab-serve 2>/dev/null; sed -i '/service.lab$/d' /etc/hosts; rm -f /etc/ssh/sshd_config.d/00-test.conf; systemctl reload ssh; sleep 1") // it listens again a moment later
		h.SSH(t, "echo 127.0.0.1 service.lab >>/etc/hosts; echo AllowTcpForwarding no >/etc/ssh/sshd_config.d/00-test.conf; systemctl reload ssh")
		waitFor(t, func() bool { return !forwards(h.Addr, h.KeyFile, h.KnownHosts) })
	}
	f.write(t, "site.star", probes)
	code, out, _ := f.run(t, "apply", "-y", "-b")
	if code != 0 || strings.Count(out, "failed=0") != 2 {
		t.Fatal("the services did not come up, or are not seen")
	}
	for _, h := range f.hosts {
		want := "hello from " + strings.TrimSpace(h.SSH(t, "hostname")) + "\n"
		if got := h.SSH(t, "cat /srv/lab/answer"); got != want {
			t.Errorf("%s answered %q, want %q", h.Name, got, want)
		}
	}
	if code, out, _ = f.run(t, "apply", "-y", "-b"); code != 0 || strings.Count(out, "changed=0") != 2 {
		t.Error("a probe counts as a change")
	}
	f.withoutService(t)
}

// withoutService asks one host whose service is gone, and one whose certificate is for another name.
func (f *froyo) withoutService(t *testing.T) {
	t.Helper()
	f.hosts[0].SSH(t, "systemctl stop lab-serve")
	f.write(t, "ask.star", `
load("ca.star", "CA")

def web(host):
    probe_http("https://127.0.0.1:8443/", via = host, ca = CA)

play("web", hosts = "all", do = web)
`)
	code, _, stderr := f.run(t, "apply", "-y", "ask.star")
	if code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	for host, want := range map[string]string{
		f.hosts[0].Name: "connection refused (1 attempt in ",
		f.hosts[1].Name: "certificate is for service.lab, valid until ",
	} {
		if !strings.Contains(stderr, host+": probe_http[https://127.0.0.1:8443/]: "+want) {
			t.Errorf("%s: no error says %q", host, want)
		}
	}
}

// service builds the service and makes its certificate, beside the runbook.
func (f *froyo) service(t *testing.T) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(f.dir, "serve"), "./testdata/serve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "service.lab"}, DNSNames: []string{"service.lab"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	f.write(t, "cert.pem", text)
	f.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	f.write(t, "ca.star", `CA = """`+text+`"""`+"\n")
}

// forwards reports whether a host's sshd opens connections for its clients.
func forwards(addr, key, known string) bool {
	cmd := exec.Command("ssh", "-q", "-i", key, "-o", "UserKnownHostsFile="+known, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-W", "127.0.0.1:22", "ops@"+addr)
	cmd.WaitDelay = 2 * time.Second
	out, _ := cmd.Output() // where it is forbidden, ssh fails
	return strings.HasPrefix(string(out), "SSH-")
}
