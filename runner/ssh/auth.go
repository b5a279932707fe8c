package ssh

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"golang.org/x/crypto/ssh"
)

// methods are the ways to log in, in the order they are tried: keys, then the
// password. The password is the target's: a host on the way there never gets it.
func (a *attempt) methods() []ssh.AuthMethod {
	var methods []ssh.AuthMethod
	rules := a.target.rules
	if !rules.noKeys {
		methods = append(methods, ssh.PublicKeysCallback(a.signers))
	}
	if a.target.password == nil || a.target.jump {
		return methods
	}
	if !rules.noPassword {
		methods = append(methods, ssh.PasswordCallback(a.password))
	}
	if !rules.noQuestions {
		methods = append(methods, ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			return a.answer(questions, echos)
		}))
	}
	return methods
}

// password gives the password once: a wrong one sent by each method in turn
// would count several times against the account.
func (a *attempt) password() (string, error) {
	if a.answered {
		return "", errors.New("the password was refused")
	}
	a.answered, a.login = true, Login{By: "password"}
	return a.read(a.target.password)
}

// read gives a password or a key. Whoever has it may ask a person, for which the handshake waits.
func (a *attempt) read(get func() (string, error)) (string, error) {
	if a.clock.Stop() { // else it has taken too long already
		defer a.clock.Reset(a.target.way.timeout)
	}
	text, err := get()
	if err != nil {
		a.unread = err
	}
	return text, err
}

// own is the key of this host that no file holds. It is neither written nor given to an agent.
func (a *attempt) own() ([]ssh.Signer, error) {
	if a.target.ownKey == nil {
		return nil, nil
	}
	text, err := a.read(a.target.ownKey)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey([]byte(text))
	if err != nil {
		why := unusableKey([]byte(text), err)
		if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
			why = errors.New("it is encrypted: keep it without a passphrase, which ssh-keygen -p takes away")
		}
		a.noteOf("key of", a.target.ownKeyFrom, why)
		return nil, nil
	}
	a.sources[string(signer.PublicKey().Marshal())] = a.target.ownKeyFrom
	return []ssh.Signer{signer}, nil
}

// answer gives the password to the one question that hides what is typed. A
// question for anything else (a one-time code) cannot be answered.
func (a *attempt) answer(questions []string, echos []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	if len(questions) > 1 || echos[0] {
		return nil, errors.New("the host asks " + escape.Text(questions[0]) + ", which cannot be answered")
	}
	password, err := a.password()
	return []string{password}, err
}

// signers are the keys to offer: those asked for, the agent's, the usual files,
// each by its certificates first.
func (a *attempt) signers() ([]ssh.Signer, error) {
	fromAgent, err := a.dialer.keyring.agent(a.target.agent)
	switch {
	case err != nil:
		a.notes = append(a.notes, "the SSH agent does not answer")
	case a.target.agent != "" && len(fromAgent) == 0:
		a.notes = append(a.notes, "the SSH agent has no keys, or is locked (ssh-add -X unlocks it)")
	}
	a.sources, a.byAgent = map[string]string{}, map[string]bool{}
	for _, s := range fromAgent {
		key := string(s.PublicKey().Marshal())
		a.sources[key], a.byAgent[key] = "agent", true
	}
	own, err := a.own()
	if err != nil {
		return nil, err
	}
	explicit := slices.Concat(own, a.files(a.target.explicit, fromAgent, false))
	usual := a.files(a.target.defaults, fromAgent, true)
	certified := a.certified(slices.Concat(explicit, fromAgent, usual))
	if a.target.agentOnly {
		fromAgent = nil
	}
	return a.noting(a.allowed(unique(slices.Concat(certified, explicit, fromAgent, usual)))), nil
}

// files are the keys in files, of which usual ones may be missing.
func (a *attempt) files(paths []string, fromAgent []ssh.Signer, usual bool) []ssh.Signer {
	var found []ssh.Signer
	for _, path := range paths {
		signers, err := a.keyIn(path, fromAgent)
		if err != nil && (!usual || !errors.Is(err, fs.ErrNotExist)) {
			a.note(path, err)
		}
		for _, s := range signers {
			a.sources[string(s.PublicKey().Marshal())] = path
			if cert, ok := s.PublicKey().(*ssh.Certificate); ok {
				a.judge(path+"-cert.pub", cert)
			}
		}
		found = append(found, signers...)
	}
	return found
}

// certified signs by the certificates of CertificateFile, with those keys that they are for.
func (a *attempt) certified(signers []ssh.Signer) []ssh.Signer {
	var found []ssh.Signer
	for _, path := range a.target.certificates {
		cert, err := readCertificate(path)
		if err != nil {
			a.noteOf("certificate", path, err)
			continue
		}
		key := holds(signers, cert.Key)
		if key == nil {
			a.noteOf("certificate", path, errors.New("its key is neither in a file nor in the agent"))
			continue
		}
		signer, err := ssh.NewCertSigner(cert, key)
		if err != nil {
			a.noteOf("certificate", path, err)
			continue
		}
		a.judge(path, cert)
		a.sources[string(signer.PublicKey().Marshal())] = path
		a.byAgent[string(signer.PublicKey().Marshal())] = a.byAgent[string(key.PublicKey().Marshal())]
		found = append(found, signer)
	}
	return found
}

// judge notes what speaks against a certificate.
func (a *attempt) judge(path string, cert *ssh.Certificate) {
	if why := unfit(cert, ssh.UserCert, a.target.user, time.Now()); why != "" {
		a.noteOf("certificate", path, errors.New(why))
	}
}

// allowed leaves out the keys that ssh_config rules out.
func (a *attempt) allowed(signers []ssh.Signer) []ssh.Signer {
	var kept []ssh.Signer
	for _, s := range signers {
		if usable := a.target.rules.usable(s); usable != nil {
			kept = append(kept, usable)
		} else {
			a.notes = append(a.notes, "ssh_config does not allow the key "+describe(s.PublicKey()))
		}
	}
	return kept
}

// keyIn returns the key in a file, or the agent's copy of it.
func (a *attempt) keyIn(path string, fromAgent []ssh.Signer) ([]ssh.Signer, error) {
	key := a.dialer.keyring.file(path)
	if key.err == nil {
		return key.signers, nil
	}
	held := holds(fromAgent, key.public)
	if held == nil {
		return nil, key.err
	}
	certified := withCertificate(path, held)
	if certified.err != nil {
		return []ssh.Signer{held}, certified.err
	}
	for _, s := range certified.signers {
		a.byAgent[string(s.PublicKey().Marshal())] = true
	}
	return certified.signers, nil
}

// note keeps why a key could not be used, for the case that nothing else lets us in.
func (a *attempt) note(path string, err error) {
	a.encrypted = a.encrypted || errors.Is(err, errEncrypted)
	if errors.Is(err, errExposed) {
		a.exposed = path
	}
	a.noteOf("key", path, err)
}

func (a *attempt) noteOf(what, path string, err error) {
	if inPath, ok := errors.AsType[*fs.PathError](err); ok {
		err = inPath.Err
	}
	a.notes = append(a.notes, what+" "+escape.Text(path)+": "+escape.Text(bare(err.Error())))
}

// unique drops keys offered twice: each offer counts against the host's limit of tries.
func unique(signers []ssh.Signer) []ssh.Signer {
	seen := map[string]bool{}
	return slices.DeleteFunc(signers, func(s ssh.Signer) bool {
		key := string(s.PublicKey().Marshal())
		again := seen[key]
		seen[key] = true
		return again
	})
}

// Login is how a connection was let in.
type Login struct {
	// User and Address, with port, are who logged in where.
	User, Address string
	// By is "password", or the type and fingerprint of the key that signed last; "" where the host asked for nothing.
	By string
	// Source is the file of that key, or "agent"; "" for a password.
	Source string
	// Jumps are the hosts on the way, in their order.
	Jumps []string
	// HostKey is the type and the fingerprint of the host's key.
	HostKey string
}

// Login tells how the connection was let in.
func (c *Client) Login() Login { return c.login }

// noting has the keys tell when they sign: the last that did is the one that the host took.
func (a *attempt) noting(signers []ssh.Signer) []ssh.Signer {
	noted := make([]ssh.Signer, len(signers))
	for i, s := range signers {
		n := notingSigner{s, a}
		noted[i] = n
		switch s := s.(type) {
		case ssh.MultiAlgorithmSigner:
			noted[i] = notingMulti{notingAlgorithm{n, s}, s}
		case ssh.AlgorithmSigner:
			noted[i] = notingAlgorithm{n, s}
		}
	}
	return noted
}

// signing notes the key that signs, and calls sign.
func (a *attempt) signing(key ssh.PublicKey, sign func() (*ssh.Signature, error)) (*ssh.Signature, error) {
	id := key.Marshal()
	a.login.By, a.login.Source = describe(key), a.sources[string(id)]
	if a.byAgent[string(id)] {
		what := a.login.By
		a.asked.Store(&what)
		defer a.asked.Store(nil)
	}
	return sign()
}

type notingSigner struct {
	ssh.Signer
	a *attempt
}

func (s notingSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.a.signing(s.PublicKey(), func() (*ssh.Signature, error) { return s.Signer.Sign(rand, data) })
}

type notingAlgorithm struct {
	notingSigner
	signer ssh.AlgorithmSigner
}

func (s notingAlgorithm) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	return s.a.signing(s.PublicKey(), func() (*ssh.Signature, error) { return s.signer.SignWithAlgorithm(rand, data, algorithm) })
}

type notingMulti struct {
	notingAlgorithm
	multi ssh.MultiAlgorithmSigner
}

func (s notingMulti) Algorithms() []string { return s.multi.Algorithms() }
