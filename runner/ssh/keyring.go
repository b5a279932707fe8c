package ssh

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyring holds the private keys of a run: each file is read and parsed
// once, the agent is asked once, however many hosts there are.
type keyring struct {
	socket string

	mu    sync.Mutex
	files map[string]*keyFile

	agentOnce    sync.Once
	agentConn    net.Conn
	agentSigners []ssh.Signer
	agentErr     error
}

// keyFile is one private key, or why there is none.
type keyFile struct {
	signer ssh.Signer
	// public is set for an encrypted key that tells its public half, so that the
	// agent's copy of it can be found.
	public ssh.PublicKey
	err    error
}

// errEncrypted is a key that cannot be used without its passphrase.
var errEncrypted = errors.New("encrypted")

func newKeyring(socket string) *keyring {
	return &keyring{socket: socket, files: map[string]*keyFile{}}
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
		return &keyFile{err: err}
	}
	signer, err := ssh.ParsePrivateKey(text)
	if missing, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		return &keyFile{public: missing.PublicKey, err: errEncrypted}
	}
	if err != nil {
		return &keyFile{err: unusableKey(text, err)}
	}
	return withCertificate(path, signer)
}

// unusableKey says what a file holds that is no private key which could be used.
func unusableKey(text []byte, err error) error {
	head, _, _ := strings.Cut(string(text), " ")
	_, _, _, _, public := ssh.ParseAuthorizedKey(text)
	switch {
	case public == nil:
		return errors.New("it is a public key; name the private one, which has no .pub")
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
	text, err := os.ReadFile(path + "-cert.pub")
	if errors.Is(err, fs.ErrNotExist) {
		return &keyFile{signer: signer}
	}
	if err != nil {
		return &keyFile{err: err}
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return &keyFile{err: errors.New("its certificate, " + filepath.Base(path) + "-cert.pub, cannot be read: make it anew, or remove it")}
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return &keyFile{signer: signer}
	}
	certified, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return &keyFile{err: errors.New("its certificate, " + filepath.Base(path) + "-cert.pub, is for another key: make it anew, or remove it")}
	}
	return &keyFile{signer: certified}
}

// agent returns the agent's keys.
func (k *keyring) agent() ([]ssh.Signer, error) {
	k.agentOnce.Do(func() {
		if k.socket == "" {
			return
		}
		k.agentConn, k.agentSigners, k.agentErr = askAgent(k.socket)
	})
	return k.agentSigners, k.agentErr
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
	var err error
	k.agentOnce.Do(func() { k.agentErr = net.ErrClosed })
	if k.agentConn != nil {
		err = k.agentConn.Close()
	}
	return err
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
