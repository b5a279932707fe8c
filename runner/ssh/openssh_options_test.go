package ssh_test

import (
	"encoding/pem"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	xssh "golang.org/x/crypto/ssh"
)

func hostKeyOf(s *sshtest.OpenSSH) string {
	return string(xssh.MarshalAuthorizedKey(s.HostKey.PublicKey()))
}

// hop is how the other server is reached.
const hop = `
Host hop*
  HostName 127.0.0.1
  Port {jump}
  User {user}
  IdentityFile {jumpkey}
  UserKnownHostsFile {known}
`

// trustUsers has sshd trust a key that signs users' certificates.
const trustUsers = "TrustedUserCAKeys {dir}/client.pub\nAuthorizedPrincipalsFile none\n"

// certify signs the other server's client key by this one's, which is the authority then.
func certify(name string, arg ...string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, name, w.read(t, "{jumpkey}"))
		w.write(t, name+".pub", w.read(t, "{jumpkey}.pub"))
		w.run(t, "ssh-keygen", append(append([]string{"-q", "-s", "{key}", "-I", "id"}, arg...), w.path(name+".pub"))...)
	}
}

// hostCertificate has sshd show a certificate for its key, which the jump host's key has signed.
func hostCertificate(arg ...string) func(*testing.T, *world) {
	return hostCertificateBy("{jumpkey}", arg...)
}

// hostCertificateBy has one that the key of a file has signed.
func hostCertificateBy(authority string, arg ...string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		if authority != "{jumpkey}" {
			w.run(t, "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", authority)
		}
		if err := os.WriteFile(w.expand("{server}/host.pub"), []byte(hostKeyOf(w.server)), 0o600); err != nil {
			t.Fatal(err)
		}
		w.run(t, "ssh-keygen", append(append([]string{"-q", "-h", "-s", authority, "-I", "id"}, arg...), "{server}/host.pub")...)
		w.write(t, "known", "@cert-authority [127.0.0.1]:{port} "+w.read(t, authority+".pub"))
	}
}

const showCertificate = "HostCertificate {dir}/host-cert.pub\n"

func known(lines func(w *world) string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) { t.Helper(); w.write(t, "known", lines(w)) }
}

// openSSHOptions are the cases of TestOpenSSH.
var openSSHOptions = []option{
	// Files, and who is meant.
	{name: "Include: a glob", config: "Include {dir}/*.conf\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "a.conf", "Host other\n  Port 1\n")
		w.write(t, "b.conf", "Include {dir}/c.inc\n")
		w.write(t, "c.inc", "Host h1\n  SetEnv A=b\n  HostName 127.0.0.1\n")
	}},
	{name: "Include: of a file that others may write into", config: "Include {dir}/open\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "open", "Host h1\n")
		if err := os.Chmod(w.path("open"), 0o666); err != nil {
			t.Fatal(err)
		}
	}, want: "could not be evaluated ({dir}/open: others may write into it)"},
	{name: "Include: a file that is not there", config: "Include {dir}/none\n"},
	{name: "Host: patterns and !", config: "Host * !h?\n  Port 1\nHost h? !h2\n  ConnectTimeout 9\n"},
	{name: "Match: host", config: "Host h1\n  HostName 127.0.0.1\nMatch host 127.0.0.1\n  Port {port}\nMatch !host 127.*\n  Port 1\n"},
	{name: "Match: originalhost", config: "Match originalhost h2\n  Port 1\nMatch originalhost h*,!h2\n  Port {port}\n"},
	{name: "Match: user and localuser", config: "Match localuser {user}\n  User {user}\nMatch user {user}\n  Port {port}\nMatch user other\n  Port 1\n"},
	{name: "Match: exec", config: "Match exec \"test %n = h1\"\n  Port {port}\nMatch exec false\n  Port 1\n"},
	{name: "Match: final", config: "Match final originalhost h1\n  Compression yes\nMatch final host nowhere\n  Port 1\n"},
	{name: "Match: canonical", config: "Match canonical all\n  Port 1\n"},
	{name: "Match: all", config: "Match all\n  ConnectTimeout 9\n"},
	{name: "Match: a criterion that is none", config: "Match moon full\n  Port 1\n", want: "could not be evaluated ({dir}/config:1: match moon full)"},
	{name: "Host: another's port that is none", config: "Host other\n  Port abc\n", want: "ssh takes nothing of ssh_config, since a line could not be evaluated ({dir}/config:2: port abc)"},
	{name: "Host: another's option that is none", config: "Host other\n  Moon full\n", want: "({dir}/config:2: moon, which is not an option that froyo knows)"},
	{name: "Host: another's cipher that is none", config: "Host other\n  Ciphers rot13\n", want: "({dir}/config:2: ciphers rot13)"},
	{name: "Host: another's value that ssh takes", config: "Host other\n  FingerprintHash SHA512\n  Ciphers +3des-cbc\n  LogLevel DEBUG2\n"},
	{name: "LogLevel: one that is none", config: "LogLevel LOUD\n", want: "({dir}/config:1: loglevel LOUD)"},
	{name: "Hostname: tokens", config: "Host h1\n  HostName 127.0.0.%%1\n", want: "no address is known for 127.0.0.%1"},
	{name: "Hostname: %h", config: "Host h1\n  HostName no-%h\n", want: "no-h1"},
	{name: "Hostname: a token that is none", config: "Host h1\n  HostName %p\n", want: "ssh_config sets hostname %p ({dir}/config:2): %p is not expanded here"},
	{name: "Port", config: "Host h1\n  Port 0x16\n", want: "ssh_config has the port 0x16 ({dir}/config:2)"},
	{name: "Port: a second line that is wrong", config: "Host h1\n  Port {port}\n  Port abc\n", want: "could not be evaluated ({dir}/config:3: port abc)"},
	{name: "IdentitiesOnly: a word that it has not", config: "IdentitiesOnly maybe\n", want: "could not be evaluated ({dir}/config:1: identitiesonly maybe)"},
	{name: "User", config: "Host h1\n  User nobody-else\n", want: "permission denied for user nobody-else"},
	{name: "Hostname: IPv6", config: "Host h1\n  HostName ::1\n", want: "[::1]:{port} refuses connections"},
	{name: "Hostname: a zone", config: "Host h1\n  HostName fe80::1%%lo\n", want: "[fe80::1%lo]:{port}"},
	{name: "CanonicalizeHostname", config: "CanonicalizeHostname yes\nCanonicalDomains froyo.invalid\n"},
	{name: "IgnoreUnknown", config: "IgnoreUnknown Use*,Moon\nUseKeychain yes\nMoon full\n"},
	{name: "IgnoreUnknown: without it", config: "UseKeychain yes\n", want: "could not be evaluated ({dir}/config:1: usekeychain, which is not an option that froyo knows)"},
	{name: "IgnoreUnknown: a quote that does not end", config: "User \"x\n", want: "({dir}/config:1: user \"x)"},
	{name: "RefuseConnection", config: "RefuseConnection gone since May\n", want: "ssh_config refuses connections to this host ({dir}/config:1): gone since May"},

	// The way there.
	{name: "ProxyJump", config: "Host h1\n  ProxyJump hop\n" + hop, shell: "echo $SSH_CONNECTION | cut -d' ' -f1", out: "127.0.0.1\n"},
	{name: "ProxyJump: several, with users and ports", config: "Host h1\n  ProxyJump {user}@hop1:{jump},ssh://{user}@hop2:{jump}\n" + hop},
	{name: "ProxyJump: Match on the way", config: "Host h1\n  ProxyJump hop\nMatch host hop\n  Port {jump}\n" + hop},
	{name: "ProxyJump: tokens", config: "Host h1\n  ProxyJump hop-%h\n" + hop, ssh: "-"},
	{name: "ProxyJump: over itself", config: "Host *\n  ProxyJump h1\n", want: "ProxyJump of {dir}/config:2 leads in a circle: h1, h1"},
	{name: "ProxyJump: in a circle", config: "Host h1\n  ProxyJump b\nHost b\n  ProxyJump c,d\nHost c\n  ProxyJump h1\n", want: "leads in a circle: h1, b, c, h1", ssh: "-"}, // ssh would start itself without end
	{name: "ProxyJump: without end", config: "Host *\n  ProxyJump x-%h\n", want: "leads over more than 16 hosts: h1, x-127.0.0.1, x-x-127.0.0.1, x-x-x-127.0.0.1, ...", ssh: "-"},
	{name: "ProxyJump: none", config: "Host h1\n  ProxyJump none\n  ProxyJump nowhere\n"},
	{name: "ProxyJump: none, and ProxyCommand", config: "Host h1\n  ProxyJump none\n  ProxyCommand false\n", want: "the ProxyCommand of {dir}/config:3 did not reach"},
	{name: "ProxyJump: a jump host whose key is not known", config: "Host h1\n  ProxyJump hop\nHost hop\n  UserKnownHostsFile none\n" + hop, want: "jump host hop: the host key is not known"},
	{name: "ProxyCommand", config: "Host h1\n  ProxyCommand ssh -F {dir}/hop -o BatchMode=yes -W 127.0.0.1:%p hop\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "hop", hop)
	}},
	{name: "ProxyCommand: tokens", config: "Host h1\n  ProxyCommand test '%h %n %p %r %%' = '127.0.0.1 h1 {port} {user} %%' && exec ssh -F {dir}/hop -W %h:%p hop\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "hop", hop)
	}, ssh: "fails", want: "did not reach 127.0.0.1:{port}"},
	{name: "ProxyCommand: that fails", config: "Host h1\n  ProxyCommand echo 'no way in' >&2; exit 3\n", want: "the ProxyCommand of {dir}/config:2 did not reach 127.0.0.1:{port} (exit status 0): no way in"},
	{name: "ProxyCommand: before ProxyJump", config: "Host h1\n  ProxyCommand false\n  ProxyJump none\n", want: "the ProxyCommand of {dir}/config:2 did not reach 127.0.0.1:{port} (exit status 1)"},
	{name: "ProxyUseFdpass", config: "ProxyUseFdpass yes\nProxyCommand false\n", want: "ssh_config sets proxyusefdpass yes ({dir}/config:1), which froyo does not support"},
	{name: "BindAddress", config: "BindAddress 127.0.0.9\n", shell: "echo $SSH_CONNECTION | cut -d' ' -f1", out: "127.0.0.9\n"},
	{name: "BindInterface", config: "BindInterface lo\n", want: "ssh_config sets bindinterface lo ({dir}/config:1), which froyo does not support", ssh: "-"},
	{name: "AddressFamily", config: "AddressFamily inet6\n", want: "127.0.0.1:{port}"},
	{name: "ConnectTimeout", config: "ConnectTimeout 1m\nConnectionAttempts 2\n"},
	{name: "ConnectTimeout: days", config: "ConnectTimeout 1d2h\nServerAliveInterval 1w\n"},
	{name: "ConnectTimeout: not as ssh writes it", config: "ConnectTimeout 500ms\n", want: "it is a time such as 30, 1m30s, 2h, 1d or 1w"},
	{name: "ConnectTimeout: a fraction", config: "ConnectTimeout 1.5h\n", want: "it is a time such as 30"},
	{name: "ServerAliveCountMax: 0", config: "ServerAliveInterval 1m\nServerAliveCountMax 0\n"},
	{name: "BindAddress: of another machine", config: "BindAddress 192.0.2.7\n", want: "from 192.0.2.7, the BindAddress of ssh_config"},
	{name: "ConnectionAttempts", config: "ConnectionAttempts 2\n"},
	{name: "ServerAliveInterval, ServerAliveCountMax", config: "ServerAliveInterval 1m\nServerAliveCountMax 2\nTCPKeepAlive no\n"},
	{name: "ControlMaster, ControlPath, ControlPersist", config: "ControlMaster auto\nControlPath {dir}/%C\nControlPersist 10m\n", ssh: "-"},

	// Who the host is.
	{name: "UserKnownHostsFile: several", config: "UserKnownHostsFile {dir}/none \"{dir}/a b\"\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "a b", w.read(t, "{known}"))
		w.write(t, "known", "")
	}},
	{name: "UserKnownHostsFile: tokens", config: "UserKnownHostsFile {dir}/%n-%p-%r-%i-%%\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, w.expand("h1-{port}-{user}-{uid}-%"), w.read(t, "{known}"))
		w.write(t, "known", "")
	}},
	{name: "UserKnownHostsFile: the hash of a connection", config: "UserKnownHostsFile {dir}/%C\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.run(t, "sh", "-c", `cp "$1" "$2/$(printf '%s' "$(hostname)127.0.0.1$3$4" | sha1sum | cut -d' ' -f1)"`, "sh", "{known}", "{dir}", "{port}", "{user}")
		w.write(t, "known", "")
	}},
	{name: "UserKnownHostsFile: the hash of a connection behind a jump host", config: "UserKnownHostsFile {dir}/%C-%j\nHost h1\n  ProxyJump {user}@hop:{jump}\n" + hop, setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.run(t, "sh", "-c", `cp "$1" "$2/$(printf '%s' "$(hostname)127.0.0.1$3$4"hop | sha1sum | cut -d' ' -f1)-hop"; cp "$1" "$2/$(printf '%s' "$(hostname)127.0.0.1$5$4" | sha1sum | cut -d' ' -f1)-"`, "sh", "{known}", "{dir}", "{port}", "{user}", "{jump}")
		w.write(t, "known", "")
	}, ssh: "-"}, // of this token only later programs know
	{name: "UserKnownHostsFile: a path with a blank, and Match", config: "UserKnownHostsFile {dir}/none \"{dir}/a b\"\nMatch exec true\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "a b", w.read(t, "{known}"))
		w.write(t, "known", "")
	}},
	{name: "UserKnownHostsFile: patterns", setUp: known(func(w *world) string { return knownAs("[127.0.0.*]:*,!h?", w.server) })},
	{name: "UserKnownHostsFile: a name without its port", setUp: known(func(w *world) string { return knownAs("127.0.0.1", w.server) })},
	{name: "UserKnownHostsFile: a name without its port, and another key", setUp: known(func(w *world) string { return knownAs("127.0.0.1", w.jump) }), want: "the host key is not known"},
	{name: "UserKnownHostsFile: with its port, and another key", setUp: known(func(w *world) string {
		return w.expand(knownAs("127.0.0.1", w.server) + knownAs("[127.0.0.1]:{port}", w.jump))
	}), want: "the host key changed"},
	{name: "GlobalKnownHostsFile", config: "UserKnownHostsFile none\nGlobalKnownHostsFile {known}\n"},
	{name: "HashKnownHosts: hashed names", setUp: func(t *testing.T, w *world) { t.Helper(); w.run(t, "ssh-keygen", "-q", "-H", "-f", "{known}") }},
	{name: "HashKnownHosts: learned", config: "StrictHostKeyChecking accept-new\nHashKnownHosts yes\nUserKnownHostsFile {dir}/new\n", ssh: "-"},
	{name: "HostKeyAlias", config: "Host h1\n  HostKeyAlias the-one\n", setUp: known(func(w *world) string { return knownAs("the-one", w.server) })},
	{name: "HostKeyAlias: of another", config: "Host h1\n  HostKeyAlias the-one\n", setUp: known(func(w *world) string { return knownAs("the-one", w.jump) }), want: "the host key changed"},
	{name: "StrictHostKeyChecking: yes", setUp: known(func(*world) string { return "" }), want: "the host key is not known"},
	{name: "StrictHostKeyChecking: ask", config: "StrictHostKeyChecking ask\n", setUp: known(func(*world) string { return "" }), want: "the host key is not known"},
	{name: "StrictHostKeyChecking: accept-new", config: "StrictHostKeyChecking accept-new\n", setUp: known(func(*world) string { return "" }), ssh: "-"},
	{name: "StrictHostKeyChecking: no, /dev/null", config: "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"},
	{name: "StrictHostKeyChecking: no, and another key", config: "StrictHostKeyChecking no\n", setUp: known(func(w *world) string { return w.expand(knownAs("[127.0.0.1]:{port}", w.jump)) }), want: "the host key changed", ssh: "works"},
	{name: "CheckHostIP", config: "CheckHostIP yes\nHost h1\n  HostName localhost\n  AddressFamily inet\n", setUp: known(func(w *world) string {
		return w.expand(knownAs("[localhost]:{port}", w.server) + knownAs("[127.0.0.1]:{port}", w.jump))
	}), want: "ssh_config sets CheckHostIP, and {known}:2 knows the address 127.0.0.1 by another key", ssh: "works"},
	{name: "CheckHostIP: no", config: "CheckHostIP no\nHost h1\n  HostName localhost\n  AddressFamily inet\n", setUp: known(func(w *world) string {
		return w.expand(knownAs("[localhost]:{port}", w.server) + knownAs("[127.0.0.1]:{port}", w.jump))
	})},
	{name: "UpdateHostKeys", config: "UpdateHostKeys yes\nVisualHostKey yes\nVerifyHostKeyDNS yes\nFingerprintHash md5\n"},
	{name: "NoHostAuthenticationForLocalhost", config: "NoHostAuthenticationForLocalhost yes\n", setUp: known(func(*world) string { return "" }), want: "the host key is not known", ssh: "works"},
	{name: "RevokedHostKeys: of others", config: "RevokedHostKeys {server}/client.pub\n"},
	{name: "RevokedHostKeys: tokens", config: "RevokedHostKeys {server}/%k.pub\nHost h1\n  HostKeyAlias client\n", setUp: known(func(w *world) string { return knownAs("client", w.server) }), ssh: "-"}, // which later programs know
	{name: "RevokedHostKeys: the host's", config: "RevokedHostKeys {dir}/revoked\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "revoked", "# lost in May\n\n"+w.read(t, "{jumpkey}.pub")+hostKeyOf(w.server))
	}, want: "the host key is revoked by {dir}/revoked:4"},
	{name: "RevokedHostKeys: the authority's", config: "RevokedHostKeys {jumpkey}.pub\n", server: showCertificate, setUp: hostCertificate("-n", "127.0.0.1"), want: "the host key is revoked by {jumpkey}.pub:1"},
	{name: "RevokedHostKeys: none", config: "RevokedHostKeys none\n"},
	{name: "RevokedHostKeys: a file that is not there", config: "RevokedHostKeys {dir}/none\n", want: "no host's key can be trusted, since RevokedHostKeys of ssh_config names {dir}/none, which cannot be read: no such file or directory"},
	{name: "RevokedHostKeys: a line that is no key", config: "RevokedHostKeys {dir}/revoked\n", setUp: func(t *testing.T, w *world) { t.Helper(); w.write(t, "revoked", "# a\nssh-ed25519 AAAA\n") }, want: "{dir}/revoked:2, which is no public key that froyo knows"},
	{name: "RevokedHostKeys: a KRL", config: "RevokedHostKeys {dir}/krl\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.run(t, "ssh-keygen", "-q", "-k", "-f", "{dir}/krl", "{jumpkey}.pub")
	}, want: "RevokedHostKeys of ssh_config names {dir}/krl, a KRL, which froyo does not read", ssh: "works"},
	{name: "KnownHostsCommand", config: "KnownHostsCommand /bin/true\n", want: "ssh_config sets knownhostscommand /bin/true ({dir}/config:1), which froyo does not support", ssh: "works"},
	{name: "@revoked", setUp: known(func(w *world) string {
		return w.expand(knownAs("[127.0.0.1]:{port}", w.server)) + "@revoked * " + hostKeyOf(w.server)
	}), want: "the host key is revoked by {known}:2"},
	{name: "@cert-authority", server: showCertificate, setUp: hostCertificate("-n", "127.0.0.1")},
	{name: "@cert-authority: expired", server: showCertificate, setUp: hostCertificate("-n", "127.0.0.1", "-V", "20200101:20200102"), want: "the host's certificate, of the authority that {known}:1 knows, is refused: it expired at 2020-01-02"},
	{name: "@cert-authority: for another", server: showCertificate, setUp: hostCertificate("-n", "other"), want: "is refused: it is for other, and not for 127.0.0.1"},
	{name: "@cert-authority: whose key is of another type than the host's", server: showCertificate, setUp: hostCertificateBy("{dir}/ca", "-n", "127.0.0.1")},
	{name: "@cert-authority: of all ports of a network", server: showCertificate, setUp: func(t *testing.T, w *world) {
		t.Helper()
		hostCertificate("-n", "127.0.0.1")(t, w)
		w.write(t, "known", "@cert-authority [127.0.0.*]:* "+w.read(t, "{jumpkey}.pub"))
	}},
	{name: "@cert-authority: not of this host", server: showCertificate, setUp: func(t *testing.T, w *world) {
		t.Helper()
		hostCertificate("-n", "127.0.0.1")(t, w)
		w.write(t, "known", "@cert-authority *,![127.0.0.1]:{port},!127.0.0.1 "+w.read(t, "{jumpkey}.pub"))
	}, want: "the host key is not known"},
	{name: "@cert-authority: of a host without a certificate", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "known", "@cert-authority * "+w.read(t, "{jumpkey}.pub"))
	}, want: "the host shows no certificate, and is known only by the authority of {known}:1"},
	{name: "@cert-authority: another", server: showCertificate, setUp: func(t *testing.T, w *world) {
		t.Helper()
		hostCertificate("-n", "127.0.0.1")(t, w)
		w.write(t, "known", "@cert-authority * "+w.read(t, "{key}.pub"))
	}, want: "the host's certificate is not of the authority that {known}:1 knows"},
	{name: "@cert-authority: revoked", server: showCertificate, setUp: func(t *testing.T, w *world) {
		t.Helper()
		hostCertificate("-n", "127.0.0.1")(t, w)
		w.write(t, "known", w.read(t, "{known}")+"@revoked * "+w.read(t, "{jumpkey}.pub"))
	}, want: "revoked"},
	{name: "CASignatureAlgorithms", config: "CASignatureAlgorithms ecdsa-sha2-nistp256\n", server: showCertificate, setUp: hostCertificate("-n", "127.0.0.1"), want: "certificates that are signed with ssh-ed25519"},
	{name: "HostKeyAlgorithms", config: "HostKeyAlgorithms ^ssh-ed25519\n"},
	{name: "HostKeyAlgorithms: without the host's", config: "HostKeyAlgorithms -ssh-ed25519*\n", want: "the host is known by keys that ssh_config does not allow (ssh-ed25519)"},
	{name: "KexAlgorithms", config: "KexAlgorithms +diffie-hellman-group14-sha1\n", server: "KexAlgorithms diffie-hellman-group14-sha1\n"},
	{name: "KexAlgorithms: none in common", config: "KexAlgorithms -diffie*\n", server: "KexAlgorithms diffie-hellman-group14-sha256\n", want: "offers no key exchange that is allowed here"},
	{name: "Ciphers", config: "Ciphers aes256-ctr,aes128-ctr\n", server: "Ciphers aes128-ctr\n"},
	{name: "Ciphers: one that is none", config: "Ciphers aes128-ctr,rot13\n", want: "ssh_config sets ciphers aes128-ctr,rot13 ({dir}/config:1): ssh has no rot13"},
	{name: "Ciphers: a pattern", config: "Ciphers aes*\n", want: "ssh_config sets ciphers aes* ({dir}/config:1): a pattern is only for what is taken away (-)"},
	{name: "Ciphers: one that froyo has not", config: "Ciphers aes256-cbc,aes128-ctr\n"},
	{name: "Ciphers: none in common", config: "Ciphers -aes128-*\n", server: "Ciphers aes128-ctr\n", want: "offers no cipher that is allowed here"},
	{name: "MACs", config: "Ciphers aes128-ctr\nMACs hmac-sha2-512\n", server: "MACs hmac-sha2-256\n", want: "offers no MAC that is allowed here"},
	{name: "RekeyLimit", config: "RekeyLimit 64K\n", shell: "head -c 1000000 /dev/zero | wc -c", out: "1000000\n"},
	{name: "RekeyLimit: a time", config: "RekeyLimit 1G 1h\n", want: "ssh_config sets a time after which keys are made anew, 1G 1h ({dir}/config:1)", ssh: "works"},

	// Who logs in.
	{name: "IdentityFile: several", config: "IdentityFile {jumpkey}\nIdentityFile {dir}/none\n"},
	{name: "IdentityFile: tokens and variables", config: "IdentityFile ${KEYS}/%n-%u\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.environ = append(w.environ, "KEYS="+w.dir)
		if out, err := sshtest.Command(t, nil, "id", "-un"); err != nil || strings.TrimSpace(out) != w.server.User {
			t.Skip(out, err)
		}
	}, ssh: "-"},
	{name: "IdentityFile: encrypted", config: "Host h1\n  IdentityFile {dir}/locked\n  IdentitiesOnly yes\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "locked", w.read(t, "{key}"))
		w.run(t, "ssh-keygen", "-q", "-p", "-N", "secret", "-f", w.path("locked"))
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "key {dir}/locked: encrypted"},
	{name: "IdentityFile: encrypted, and in the agent", config: "IdentityAgent SSH_AUTH_SOCK\nIdentitiesOnly yes\nIdentityFile {dir}/locked\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "locked", w.read(t, "{key}"))
		w.run(t, "ssh-keygen", "-q", "-p", "-N", "secret", "-f", w.path("locked"))
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "IdentityFile: that others may read", config: "Host h1\n  IdentityFile {dir}/open\n  IdentitiesOnly yes\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		if err := os.Rename(w.expand("{key}"), w.path("open")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(w.path("open"), 0o640); err != nil {
			t.Fatal(err)
		}
	}, want: "key {dir}/open: others may read it"},
	{name: "IdentityFile: a hardware key", config: "Host h1\n  IdentityFile {dir}/sk\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "sk", hardwareKey(t))
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "key {dir}/sk: it is a hardware key (sk-ssh-ed25519@openssh.com), with which only an agent can sign"},
	{name: "PKCS11Provider", config: "PKCS11Provider /nowhere/lib.so\nIdentityFile {dir}/none\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "pkcs11provider /nowhere/lib.so of ssh_config ({dir}/config:1) is not used"},
	{name: "SecurityKeyProvider", config: "SecurityKeyProvider /nowhere/sk.so\n"},
	{name: "CertificateFile", config: "IdentityFile {jumpkey}\nCertificateFile {dir}/c-cert.pub\n", server: trustUsers + "AuthorizedKeysFile none\n", setUp: certify("c", "-n", "{user}")},
	{name: "CertificateFile: beside the key", config: "IdentityFile {dir}/c\n", server: trustUsers + "AuthorizedKeysFile none\n", setUp: certify("c", "-n", "{user}")},
	{name: "CertificateFile: and PubkeyAcceptedAlgorithms", config: "PubkeyAcceptedAlgorithms +ssh-rsa\nIdentityFile {dir}/c\n", server: trustUsers + "AuthorizedKeysFile none\n", setUp: certify("c", "-n", "{user}")},
	{name: "CertificateFile: with the agent's key", config: "IdentityAgent {sock}\nCertificateFile {dir}/c-cert.pub\n", server: trustUsers + "AuthorizedKeysFile none\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		certify("c", "-n", "{user}")(t, w)
		w.run(t, "ssh-add", "-q", "{jumpkey}")
	}},
	{name: "CertificateFile: beside a key that is encrypted, and in the agent", config: "IdentityAgent {sock}\nIdentitiesOnly yes\nIdentityFile {dir}/c\n", server: trustUsers + "AuthorizedKeysFile none\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		certify("c", "-n", "{user}")(t, w)
		w.run(t, "ssh-add", "-q", w.path("c"))
		w.run(t, "ssh-keygen", "-q", "-p", "-N", "secret", "-f", w.path("c"))
		w.run(t, "ssh-add", "-q", "-d", w.path("c-cert.pub")) // ssh-add took the certificate, too
	}},
	{name: "CertificateFile: expired", config: "IdentityFile {jumpkey}\nCertificateFile {dir}/c-cert.pub\n", server: trustUsers + "AuthorizedKeysFile none\n", setUp: certify("c", "-n", "{user}", "-V", "20200101:20200102"), want: "certificate {dir}/c-cert.pub: it expired at 2020-01-02"},
	{name: "CertificateFile: for another user", config: "IdentityFile {jumpkey}\nCertificateFile {dir}/c-cert.pub\n", server: trustUsers + "AuthorizedKeysFile none\n", setUp: certify("c", "-n", "other"), want: "certificate {dir}/c-cert.pub: it is for other, and not for {user}"},
	{name: "IdentityAgent", config: "IdentityAgent {sock}\nIdentityFile none\n", agent: true},
	{name: "IdentityAgent: a variable", config: "IdentityAgent $MY_AGENT\nIdentityFile none\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.environ = append(w.environ, "MY_AGENT="+w.socket, "SSH_AUTH_SOCK=/nowhere")
	}},
	{name: "IdentityAgent: none", config: "Host h1\n  IdentityAgent none\n  IdentityFile {jumpkey}\n  IdentitiesOnly yes\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "permission denied"},
	{name: "IdentityAgent: locked", config: "IdentityAgent {sock}\nIdentityFile {jumpkey}\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, "pass", "#!/bin/sh\necho secret\n")
		if err := os.Chmod(w.path("pass"), 0o700); err != nil {
			t.Fatal(err)
		}
		w.environ = append(w.environ, "SSH_ASKPASS="+w.path("pass"), "SSH_ASKPASS_REQUIRE=force")
		w.run(t, "ssh-add", "-x")
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "the SSH agent has no keys, or is locked"},
	{name: "IdentityAgent: that hangs", config: "IdentityAgent {sock}\nIdentityFile {jumpkey}\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		listener, err := net.Listen("unix", w.socket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}, want: "the SSH agent does not answer", ssh: "-"},
	{name: "IdentityAgent: confirmed", config: "IdentityAgent {sock}\nIdentityFile none\n", setUp: func(t *testing.T, w *world) { t.Helper(); w.startAgent(t, "/bin/true", "-c") }},
	{name: "IdentityAgent: not confirmed", config: "IdentityAgent {sock}\nIdentityFile {key}.pub\nIdentitiesOnly yes\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.startAgent(t, "/bin/false", "-c")
		if err := os.Rename(w.expand("{key}.pub"), w.path("client.pub")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
		w.write(t, "x", "")
	}, want: "permission denied"},
	{name: "IdentitiesOnly: the agent's key by its .pub", config: "IdentityAgent {sock}\nIdentitiesOnly yes\nIdentityFile {key}.pub\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		if err := os.Remove(w.expand("{key}")); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "IdentitiesOnly: a key that is not named", config: "Host h1\n  IdentityAgent {sock}\n  IdentitiesOnly yes\n  IdentityFile {jumpkey}\n", agent: true, setUp: func(t *testing.T, w *world) {
		t.Helper()
		for _, name := range []string{"{key}", "{key}.pub"} {
			if err := os.Remove(w.expand(name)); err != nil {
				t.Fatal(err)
			}
		}
	}, want: "permission denied"},
	{name: "AddKeysToAgent", config: "AddKeysToAgent yes\nIdentityAgent {sock}\n", agent: true},
	{name: "PubkeyAcceptedAlgorithms", config: "PubkeyAcceptedAlgorithms -ssh-ed25519*\n", want: "ssh_config does not allow the key ssh-ed25519"},
	{name: "PubkeyAuthentication", config: "PubkeyAuthentication no\n", want: "permission denied"},
	{name: "PreferredAuthentications", config: "PreferredAuthentications password\n", want: "permission denied"},
	{name: "PreferredAuthentications: keys", config: "PreferredAuthentications gssapi-with-mic,hostbased,publickey\nGSSAPIAuthentication yes\nHostbasedAuthentication yes\n"},
	{name: "PasswordAuthentication, KbdInteractiveAuthentication, NumberOfPasswordPrompts, BatchMode", config: "PasswordAuthentication no\nChallengeResponseAuthentication no\nNumberOfPasswordPrompts 1\nBatchMode yes\n"},
	{name: "GSSAPIAuthentication", config: "GSSAPIAuthentication yes\nGSSAPIDelegateCredentials yes\n"},
	{name: "RequiredRSASize", config: "RequiredRSASize 8192\nIdentityFile {dir}/rsa\n", setUp: func(t *testing.T, w *world) {
		t.Helper()
		w.run(t, "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", w.path("rsa"))
		if err := os.WriteFile(w.expand("{server}/authorized_keys"), []byte(w.read(t, "{dir}/rsa.pub")), 0o600); err != nil {
			t.Fatal(err)
		}
	}, want: "ssh_config does not allow the key ssh-rsa"},

	// What a session of somebody at a terminal has.
	{name: "SendEnv, SetEnv", config: "SetEnv LC_FROYO=x\nSendEnv LANG LC_*\n", server: "AcceptEnv LC_FROYO\n", shell: "echo \"<$LC_FROYO>\"", out: "<>\n", ssh: "-"},
	{name: "ForwardAgent", config: "ForwardAgent yes\nIdentityAgent {sock}\n", agent: true, shell: "echo \"<$SSH_AUTH_SOCK>\"", out: "<>\n"},
	{name: "RemoteCommand, RequestTTY, SessionType", config: "RemoteCommand echo other\nRequestTTY force\nSessionType default\n", ssh: "fails"},
	{name: "LocalCommand, PermitLocalCommand", config: "PermitLocalCommand yes\nLocalCommand touch {dir}/ran\n", shell: "test -e {dir}/ran; echo $?", out: "1\n", ssh: "-"},
	{name: "LocalForward, RemoteForward, DynamicForward, ExitOnForwardFailure", config: "LocalForward 127.0.0.1:1 127.0.0.1:2\nDynamicForward 127.0.0.1:{port}\nExitOnForwardFailure yes\n", ssh: "-"},
	{name: "Tunnel, ForwardX11", config: "Tunnel yes\nTunnelDevice any\nForwardX11 yes\n", ssh: "-"},
	{name: "Compression", config: "Compression yes\n"},
	{name: "LogLevel, IPQoS, EscapeChar", config: "LogLevel DEBUG3\nIPQoS lowdelay throughput\nEscapeChar none\n"},
	{name: "Protocol", config: "Protocol 2\nUsePrivilegedPort no\n"},
}

// hardwareKey is the file of a key that is on a device: its handle.
func hardwareKey(t *testing.T) string {
	t.Helper()
	public := xssh.Marshal(struct {
		Kind, Key, Application string
	}{xssh.KeyAlgoSKED25519, strings.Repeat("k", 32), "ssh:"})
	private := xssh.Marshal(struct {
		Check1, Check2         uint32
		Kind, Key, Application string
		Flags                  byte
		Handle, Reserved       string
		Comment                string
	}{7, 7, xssh.KeyAlgoSKED25519, strings.Repeat("k", 32), "ssh:", 1, "handle", "", "c"})
	for i := byte(1); len(private)%8 != 0; i++ {
		private = append(private, i)
	}
	whole := append([]byte("openssh-key-v1\x00"), xssh.Marshal(struct {
		Cipher, KDF, Options string
		Keys                 uint32
		Public, Private      []byte
	}{"none", "none", "", 1, public, private})...)
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: whole}))
}
