package ssh

import (
	"errors"
	"io"
	"io/fs"
	"slices"

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
	if a.dialer.password == nil || a.target.jump {
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
	return a.dialer.password()
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

// signers are the keys to offer: those asked for, the agent's, the usual files.
func (a *attempt) signers() ([]ssh.Signer, error) {
	var fromAgent []ssh.Signer
	if !a.target.rules.noAgent {
		var err error
		if fromAgent, err = a.dialer.keyring.agent(); err != nil {
			a.notes = append(a.notes, "the SSH agent does not answer")
		}
	}
	a.sources = map[string]string{}
	for _, s := range fromAgent {
		a.sources[string(s.PublicKey().Marshal())] = "agent"
	}
	var signers []ssh.Signer
	for _, path := range a.target.explicit {
		signer, err := a.signer(path, fromAgent)
		if err != nil {
			a.note(path, err)
			continue
		}
		signers = append(signers, signer)
		a.sources[string(signer.PublicKey().Marshal())] = path
	}
	if !a.target.agentOnly {
		signers = append(signers, fromAgent...)
	}
	for _, path := range a.target.defaults {
		signer, err := a.signer(path, fromAgent)
		switch {
		case err == nil:
			signers = append(signers, signer)
			a.sources[string(signer.PublicKey().Marshal())] = path
		case !errors.Is(err, fs.ErrNotExist):
			a.note(path, err)
		}
	}
	return a.noting(a.allowed(unique(signers))), nil
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

// signer returns the key in a file, or the agent's copy of it.
func (a *attempt) signer(path string, fromAgent []ssh.Signer) (ssh.Signer, error) {
	key := a.dialer.keyring.file(path)
	if key.err == nil {
		return key.signer, nil
	}
	if held := holds(fromAgent, key.public); held != nil {
		return held, nil
	}
	return nil, key.err
}

// note keeps why a key could not be used, for the case that nothing else lets us in.
func (a *attempt) note(path string, err error) {
	a.encrypted = a.encrypted || errors.Is(err, errEncrypted)
	if inPath, ok := errors.AsType[*fs.PathError](err); ok {
		err = inPath.Err
	}
	a.notes = append(a.notes, "key "+escape.Text(path)+": "+escape.Text(err.Error()))
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

// took notes the key that signs.
func (a *attempt) took(key ssh.PublicKey) {
	a.login.By, a.login.Source = describe(key), a.sources[string(key.Marshal())]
}

type notingSigner struct {
	ssh.Signer
	a *attempt
}

func (s notingSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	s.a.took(s.PublicKey())
	return s.Signer.Sign(rand, data)
}

type notingAlgorithm struct {
	notingSigner
	signer ssh.AlgorithmSigner
}

func (s notingAlgorithm) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s.a.took(s.PublicKey())
	return s.signer.SignWithAlgorithm(rand, data, algorithm)
}

type notingMulti struct {
	notingAlgorithm
	multi ssh.MultiAlgorithmSigner
}

func (s notingMulti) Algorithms() []string { return s.multi.Algorithms() }
