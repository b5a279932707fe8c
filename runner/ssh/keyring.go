package ssh

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyring holds the private keys of a run: each file is read and parsed
// once, the agent is asked once, however many hosts there are.
type keyring struct {
	mu     sync.Mutex
	files  map[string]*keyFile   // guarded by mu
	agents map[string]*agentKeys // by socket, guarded by mu
}

// agentKeys are the keys of one agent.
type agentKeys struct {
	once    sync.Once
	conn    net.Conn
	signers []ssh.Signer
	err     error
}

// keyFile is one private key, or why there is none.
type keyFile struct {
	signers []ssh.Signer // by its certificate, where it has one, and by itself
	// public is set for a key that cannot sign by itself and tells its public half, so
	// that the agent's copy of it can be found.
	public ssh.PublicKey
	err    error
}

// errEncrypted is a key that cannot be used without its passphrase.
var errEncrypted = errors.New("encrypted")

// errPassphrase is one whose passphrase is another than the one that was given.
var errPassphrase = fmt.Errorf("%w, and the passphrase that was given is not its", errEncrypted)

// errExposed is one that is not secret.
var errExposed = errors.New("others may read it")

// exposed reports whether others may read a file of ours. ssh uses no such key.
func exposed(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode()&0o077 != 0
}

// unlock opens those of the files that are encrypted and whose keys the agent at
// a socket does not hold. It takes as long as those who made them wanted.
func (k *keyring) unlock(paths []string, socket string, passphrase func() (string, error)) {
	for _, path := range paths {
		f := k.file(path)
		if !errors.Is(f.err, errEncrypted) || errors.Is(f.err, errPassphrase) {
			continue
		}
		if held, _ := k.agent(socket); holds(held, f.public) == nil { // one that does not answer holds none
			k.open(path, passphrase)
		}
	}
}

// open opens a file that is encrypted, once.
func (k *keyring) open(path string, passphrase func() (string, error)) {
	given, err := passphrase()
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.files[path]
	if !errors.Is(f.err, errEncrypted) || errors.Is(f.err, errPassphrase) {
		return // somebody else was here
	}
	if err != nil {
		k.files[path] = &keyFile{public: f.public, err: err}
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		k.files[path] = &keyFile{public: f.public, err: err}
		return
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(text, []byte(given))
	if err != nil {
		k.files[path] = &keyFile{public: f.public, err: errPassphrase}
		return
	}
	k.files[path] = withCertificate(path, signer)
}

// Locked are those of the key files that are encrypted and that the agent at a socket does not hold.
func Locked(keys []string, socket string) []string {
	ring := newKeyring()
	held, _ := ring.agent(socket) // one that does not answer holds none
	defer func() { _ = ring.close() }()
	var locked []string
	for _, path := range keys {
		if f := ring.file(path); errors.Is(f.err, errEncrypted) && holds(held, f.public) == nil {
			locked = append(locked, path)
		}
	}
	return locked
}

func newKeyring() *keyring {
	return &keyring{files: map[string]*keyFile{}, agents: map[string]*agentKeys{}}
}

// file returns the key in a file.
func (k *keyring) file(path string) *keyFile {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.files[path]
	if f == nil {
		f = readKey(path)
		k.files[path] = f
	}
	return f
}

func readKey(path string) *keyFile {
	text, err := os.ReadFile(path)
	if err != nil {
		return &keyFile{public: publicHalf(path), err: err}
	}
	signer, err := ssh.ParsePrivateKey(text)
	if exposed(path) && bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		f := &keyFile{public: publicHalf(path), err: errExposed}
		if err == nil {
			f.public = signer.PublicKey()
		}
		return f
	}
	if err == nil {
		return withCertificate(path, signer)
	}
	f := &keyFile{err: unusableKey(text, err)}
	if missing, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		f.public, f.err = missing.PublicKey, errEncrypted
	} else if public, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		f.public = public
	}
	if f.public == nil {
		f.public = publicHalf(path)
	}
	return f
}

// publicHalf is what the file beside a key says, or nil.
func publicHalf(path string) ssh.PublicKey {
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	return public
}

// hardwareType is the type of the hardware key whose handle a file holds, or "".
func hardwareType(text []byte) string {
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}
	for _, kind := range []string{ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256} {
		if bytes.Contains(block.Bytes, []byte(kind)) {
			return kind
		}
	}
	return ""
}

// unusableKey says what a file holds that is no private key which could be used.
func unusableKey(text []byte, err error) error {
	head, _, _ := strings.Cut(string(text), " ")
	_, _, _, _, public := ssh.ParseAuthorizedKey(text)
	switch {
	case public == nil:
		return errors.New("it is a public key; name the private one, which has no .pub")
	case hardwareType(text) != "":
		return errors.New("it is a hardware key (" + hardwareType(text) + "), with which only an agent can sign: ssh-add gives it to one")
	case strings.HasPrefix(head, "PuTTY-User-Key-File"):
		return errors.New("it is a key of PuTTY; PuTTYgen exports it as an OpenSSH key")
	case strings.Contains(err.Error(), "no key found"):
		return errors.New("it holds no private key")
	case strings.Contains(err.Error(), "unsupported key type"), strings.Contains(err.Error(), "unhandled"):
		return errors.New("keys of its type are not supported; ssh-keygen -t ed25519 makes one that is")
	}
	return errors.New("the private key in it is damaged")
}

// withCertificate uses the certificate beside a key, where there is one, as ssh does.
func withCertificate(path string, signer ssh.Signer) *keyFile {
	cert, err := readCertificate(path + "-cert.pub")
	if errors.Is(err, fs.ErrNotExist) {
		return &keyFile{signers: []ssh.Signer{signer}}
	}
	if err != nil {
		return &keyFile{err: errors.New("its certificate, " + filepath.Base(path) + "-cert.pub, cannot be read: make it anew, or remove it")}
	}
	certified, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return &keyFile{err: errors.New("its certificate, " + filepath.Base(path) + "-cert.pub, is for another key: make it anew, or remove it")}
	}
	return &keyFile{signers: []ssh.Signer{certified, signer}}
}

// readCertificate reads the file of a certificate.
func readCertificate(path string) (*ssh.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, err
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, errors.New("it is a public key, and no certificate")
	}
	return cert, nil
}

// unfit says why a certificate of a kind is not one for a name, or "".
func unfit(cert *ssh.Certificate, kind uint32, name string, now time.Time) string {
	at := func(unix uint64) string {
		return time.Unix(int64(min(unix, 1<<40)), 0).UTC().Format(time.DateTime) + " UTC"
	} //nolint:gosec // bounded
	second := uint64(now.Unix()) //nolint:gosec // after 1970
	switch {
	case cert.CertType != kind && kind == ssh.UserCert:
		return "it is not one of users"
	case cert.CertType != kind:
		return "it is not one of hosts"
	case cert.ValidBefore != ssh.CertTimeInfinity && second >= cert.ValidBefore:
		return "it expired at " + at(cert.ValidBefore)
	case second < cert.ValidAfter:
		return "it is not valid before " + at(cert.ValidAfter)
	case len(cert.ValidPrincipals) > 0 && !slices.Contains(cert.ValidPrincipals, name):
		return "it is for " + escape.Text(strings.Join(cert.ValidPrincipals, ", ")) + ", and not for " + escape.Text(name)
	}
	return ""
}

// agent returns the keys of the agent at a socket.
func (k *keyring) agent(socket string) ([]ssh.Signer, error) {
	if socket == "" {
		return nil, nil
	}
	k.mu.Lock()
	a := k.agents[socket]
	if a == nil {
		a = &agentKeys{}
		k.agents[socket] = a
	}
	k.mu.Unlock()
	a.once.Do(func() { a.conn, a.signers, a.err = askAgent(socket) })
	return a.signers, a.err
}

// agentTimeout bounds listing the agent's keys. Signing has no such limit: it
// may wait for a person to touch a token.
const agentTimeout = 5 * time.Second

func askAgent(socket string) (net.Conn, []ssh.Signer, error) {
	conn, err := net.DialTimeout("unix", socket, agentTimeout)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(agentTimeout)); err != nil {
		return conn, nil, err
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return conn, nil, err
	}
	return conn, signers, conn.SetDeadline(time.Time{})
}

func (k *keyring) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, a := range k.agents {
		a.once.Do(func() { a.err = net.ErrClosed })
		if a.conn != nil {
			errs = append(errs, a.conn.Close())
		}
	}
	return errors.Join(errs...)
}

// holds finds the agent's signer for a public key, or nil.
func holds(signers []ssh.Signer, public ssh.PublicKey) ssh.Signer {
	if public == nil {
		return nil
	}
	want := string(public.Marshal())
	for _, s := range signers {
		if string(s.PublicKey().Marshal()) == want {
			return s
		}
	}
	return nil
}
