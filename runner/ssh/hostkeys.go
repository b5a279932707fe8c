package ssh

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/knownkeys"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys are the host keys that we trust: files of known hosts, and what was
// learned in this run.
type hostKeys struct {
	files []string
	load  func() (*knownkeys.Keys, error)

	mu      sync.Mutex
	learned map[string]ssh.PublicKey // by name, guarded by mu
}

func newHostKeys(files, revoked []string) *hostKeys {
	return &hostKeys{
		files: files,
		load: sync.OnceValues(func() (*knownkeys.Keys, error) {
			known, err := knownkeys.Read(files)
			if err == nil {
				err = known.Revoke(revoked)
			}
			return known, err
		}),
		learned: map[string]ssh.PublicKey{},
	}
}

// algorithms lists the key algorithms under which the target is known, so
// that it offers a key that can be compared; none where it is not known.
func (k *hostKeys) algorithms(t *endpoint) ([]string, error) {
	db, err := k.load()
	if unread, ok := errors.AsType[*knownkeys.RevokedError](err); ok {
		return nil, t.errorAt(target.StageHostKey, "no host's key can be trusted, since RevokedHostKeys of ssh_config names "+unread.Place+", "+unread.Why, unread.Do, err)
	}
	if err != nil {
		text, hint := err.Error(), "repair or remove the line"
		if inPath, ok := errors.AsType[*fs.PathError](err); ok {
			text, hint = inPath.Path+": "+inPath.Err.Error(), "make it a file that you can read, or name another with FROYO_KNOWN_HOSTS"
		}
		return nil, t.errorAt(target.StageHostKey, "known hosts cannot be read: "+escape.Text(text), hint, err)
	}
	name := knownhosts.Normalize(t.keyName())
	found := algorithmsOf(db.Of(name))
	line, sure := db.Lost(name)
	if line != nil && sure || line != nil && t.trust.accept && len(found) == 0 {
		message := "the line that knows the host, " + line.Place + ", cannot be read: "
		if !sure {
			message = "the key of a host that is not known cannot be learned while a line does not tell whose it is, " + line.Place + ": "
		}
		return nil, t.errorAt(target.StageHostKey, message+escape.Text(line.Err.Error()), "repair or remove the line", line.Err)
	}
	if len(found) > 0 && t.trust.pin != "" {
		return append(found, others(found)...), nil // the key that is named may be of another type
	}
	if len(found) > 0 {
		return found, nil
	}
	if bare := algorithmsOf(db.Of(t.bareName())); len(bare) > 0 {
		return append(bare, others(bare)...), nil
	}
	return nil, nil
}

// others are all algorithms but some.
func others(known []string) []string {
	return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(name string) bool { return slices.Contains(known, name) })
}

// algorithmsOf are those of keys, and where there are authorities, those of all certificates: an
// authority may sign keys of another type than its own.
func algorithmsOf(keys, authorities []xknownhosts.KnownKey) []string {
	var names []string
	if len(authorities) > 0 {
		names = certificateAlgorithms()
	}
	for _, key := range keys {
		of := []string{key.Key.Type()}
		if of[0] == ssh.KeyAlgoRSA {
			of = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
		}
		if !slices.Contains(names, of[0]) {
			names = append(names, of...)
		}
	}
	return names
}

// check decides whether the key is the target's.
func (k *hostKeys) check(t *endpoint, remote net.Addr, key ssh.PublicKey) *target.Error {
	db, err := k.load()
	if err != nil {
		return t.errorAt(target.StageHostKey, "known hosts cannot be read: "+escape.Text(err.Error()), "", err)
	}
	if line, ok := db.Revoked(key); ok {
		return t.errorAt(target.StageHostKey, "the host key is revoked by "+knownkeys.Place(line)+": "+describe(key),
			"give the host another key, or remove the line where it is wrong", &xknownhosts.RevokedError{Revoked: line})
	}
	keys, authorities := db.Of(knownhosts.Normalize(t.keyName()))
	var bareKeys, bareAuthorities []xknownhosts.KnownKey
	if len(keys)+len(authorities) == 0 {
		bareKeys, bareAuthorities = db.Of(t.bareName())
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		if authority, ok := knownkeys.Find(slices.Concat(authorities, bareAuthorities), cert.SignatureKey); ok {
			return certified(t, authority, cert)
		}
		key = cert.Key // by itself
	}
	if _, ok := knownkeys.Find(keys, key); ok {
		return k.checkAddress(t, db, remote, key)
	}
	switch {
	case len(keys) > 0 && t.trust.pin != "" && !slices.ContainsFunc(keys, func(k xknownhosts.KnownKey) bool { return k.Key.Type() == key.Type() }):
		return k.learn(t, key) // beside those of other types
	case len(keys) > 0:
		return changed(t, key, keys)
	case len(authorities) > 0:
		return t.errorAt(target.StageHostKey, "the host's certificate is not of the authority that "+knownkeys.Place(authorities[0])+" knows", t.signHint(), nil)
	}
	if _, ok := knownkeys.Find(bareKeys, key); ok { // as ssh does
		return k.checkAddress(t, db, remote, key)
	}
	if t.trust.accept || t.trust.pin != "" {
		return k.learn(t, key)
	}
	if k.hasLearned(t, key) {
		return nil
	}
	why := &target.UnknownKeyError{Address: t.address, Port: t.port, Key: describe(key), Jumps: len(t.jumps) > 0, Cause: &xknownhosts.KeyError{}}
	return t.errorAt(target.StageHostKey, why.Error(), "--accept-new learns it; to compare it first"+onJump(why.Jumps)+": "+scanCommand(t), why)
}

// certified checks the certificate of a host that an authority has signed.
func certified(t *endpoint, authority xknownhosts.KnownKey, cert *ssh.Certificate) *target.Error {
	host, _, err := net.SplitHostPort(t.keyName())
	why := unfit(cert, ssh.HostCert, host, time.Now())
	if err == nil && why == "" {
		if err = new(ssh.CertChecker).CheckCert(host, cert); err == nil {
			return nil
		}
		why = escape.Text(bare(err.Error()))
	}
	return t.errorAt(target.StageHostKey, "the host's certificate, of the authority that "+knownkeys.Place(authority)+" knows, is refused: "+why, t.signHint(), err)
}

// signHint says how a host gets a certificate.
func (t *endpoint) signHint() string {
	host, _, _ := net.SplitHostPort(t.keyName()) // it has both
	return "have that authority sign the host's key (ssh-keygen -s AUTHORITY -h -I ID -n " + escape.Text(host) + " KEY.pub), and its sshd show that (HostCertificate)"
}

// checkAddress compares the key with what is known of the address, where CheckHostIP is set.
func (k *hostKeys) checkAddress(t *endpoint, db *knownkeys.Keys, remote net.Addr, key ssh.PublicKey) *target.Error {
	at, ok := remote.(*net.TCPAddr)
	if !t.trust.checkIP || !ok || at.IP == nil || at.Port != t.port {
		return nil
	}
	keys, _ := db.Of(knownhosts.Normalize(at.String()))
	if _, ok := knownkeys.Find(keys, key); !ok && len(keys) > 0 {
		return t.errorAt(target.StageHostKey, "ssh_config sets CheckHostIP, and "+knownkeys.Place(keys[0])+" knows the address "+at.IP.String()+" by another key than "+describe(key),
			"has the name moved to another host? then: ssh-keygen -R '"+knownhosts.Normalize(at.String())+"' -f "+escape.Text(keys[0].Filename), &xknownhosts.KeyError{Want: keys})
	}
	return nil
}

// learn adds the key of a host that was not known.
func (k *hostKeys) learn(t *endpoint, key ssh.PublicKey) *target.Error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := knownhosts.Normalize(t.keyName())
	if known := k.learned[name]; known != nil {
		if bytes.Equal(known.Marshal(), key.Marshal()) {
			return nil
		}
		return t.errorAt(target.StageHostKey, "the host key changed within this run: "+describe(key)+", before "+describe(known), "", nil)
	}
	if len(k.files) == 0 {
		return t.errorAt(target.StageHostKey, "no file of known hosts to add the key to", "", nil)
	}
	written := knownhosts.Line([]string{name}, key)
	if t.trust.hash {
		written = xknownhosts.HashHostname(name) + strings.TrimPrefix(written, name)
	}
	if err := appendLine(k.files[0], written); err != nil {
		why := err.Error()
		if inPath, ok := errors.AsType[*fs.PathError](err); ok {
			why = inPath.Path + ": " + inPath.Err.Error()
		}
		return t.errorAt(target.StageHostKey, "the new host key cannot be kept: "+escape.Text(why), "", err)
	}
	k.learned[name] = key
	return nil
}

// hasLearned reports whether the key was learned in this run, for the target.
func (k *hostKeys) hasLearned(t *endpoint, key ssh.PublicKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := k.learned[knownhosts.Normalize(t.keyName())]
	return known != nil && bytes.Equal(known.Marshal(), key.Marshal())
}

// appendLine adds a line in one write, so that no two writers can mix theirs.
func appendLine(path, line string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	line += "\n"
	if end, err := f.Seek(0, 2); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// knows reports whether any key of the target is known.
func (k *hostKeys) knows(t *endpoint) bool {
	db, err := k.load()
	return err == nil && len(algorithmsOf(db.Of(knownhosts.Normalize(t.keyName())))) > 0
}

// otherType explains a host that no longer has a key of the types we know it by.
func (k *hostKeys) otherType(t *endpoint, err error) *target.Error {
	db, failed := k.load()
	if failed != nil {
		return t.errorAt(target.StageHostKey, "the host offers no key of a known type", "", err)
	}
	keys, authorities := db.Of(knownhosts.Normalize(t.keyName()))
	if len(keys) == 0 {
		return t.errorAt(target.StageHostKey, "the host shows no certificate, and is known only by the authority of "+knownkeys.Place(authorities[0]), t.signHint(), err)
	}
	var types []string
	for _, known := range keys {
		types = append(types, known.Key.Type())
	}
	return t.errorAt(target.StageHostKey, "the host offers no key of a known type (known: "+strings.Join(types, ", ")+")",
		"if the change is expected: "+removeCommand(t, keys[0].Filename), err)
}

// changed explains a key that differs from the known ones.
func changed(t *endpoint, key ssh.PublicKey, want []xknownhosts.KnownKey) *target.Error {
	known := want[0]
	for _, w := range want {
		if w.Key.Type() == key.Type() {
			known = w
			break
		}
	}
	return t.errorAt(target.StageHostKey,
		"the host key changed: it is "+describe(key)+", but "+knownkeys.Place(known)+" has "+describe(known.Key),
		"someone may be listening in; if the change is expected: "+removeCommand(t, known.Filename),
		&xknownhosts.KeyError{Want: want})
}

func describe(key ssh.PublicKey) string {
	return escape.Text(key.Type()) + " " + ssh.FingerprintSHA256(key)
}

// onJump says where a command is run that asks a host for its key.
func onJump(jumps bool) string {
	if jumps {
		return ", on its jump host"
	}
	return ""
}

func scanCommand(t *endpoint) string {
	return "ssh-keyscan -p " + strconv.Itoa(t.port) + " " + t.address + " | ssh-keygen -lf -"
}

func removeCommand(t *endpoint, file string) string {
	return "ssh-keygen -R '" + knownhosts.Normalize(t.keyName()) + "' -f " + escape.Text(file)
}
