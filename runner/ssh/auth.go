package ssh

import (
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/runner/dial"
)

// methods are the ways to log in, in the order they are tried: keys, then the password.
func (a *attempt) methods() []ssh.AuthMethod {
	methods := []ssh.AuthMethod{ssh.PublicKeysCallback(a.signers)}
	if a.dialer.password == nil {
		return methods
	}
	return append(methods,
		ssh.PasswordCallback(a.password),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			return a.answer(questions, echos)
		}))
}

// password gives the password once: a wrong one sent by each method in turn
// would count several times against the account.
func (a *attempt) password() (string, error) {
	if a.answered {
		return "", errors.New("the password was refused")
	}
	a.answered = true
	return a.dialer.password()
}

// answer gives the password to the one question that hides what is typed. A
// question for anything else (a one-time code) has nobody to answer it.
func (a *attempt) answer(questions []string, echos []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	if len(questions) > 1 || echos[0] {
		return nil, errors.New("the host asks " + dial.Escape(questions[0]) + ", which cannot be answered")
	}
	password, err := a.password()
	return []string{password}, err
}

// signers are the keys to offer: those asked for, the agent's, the usual files.
func (a *attempt) signers() ([]ssh.Signer, error) {
	fromAgent, agentErr := a.dialer.keyring.agent()
	if agentErr != nil {
		a.notes = append(a.notes, "the SSH agent does not answer")
	}
	var signers []ssh.Signer
	for _, path := range a.target.explicit {
		signer, err := a.signer(path, fromAgent)
		if err != nil {
			a.note(path, err)
			continue
		}
		signers = append(signers, signer)
	}
	if !a.target.agentOnly {
		signers = append(signers, fromAgent...)
	}
	for _, path := range a.target.defaults {
		signer, err := a.signer(path, fromAgent)
		switch {
		case err == nil:
			signers = append(signers, signer)
		case !errors.Is(err, fs.ErrNotExist):
			a.note(path, err)
		}
	}
	return unique(signers), nil
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
	a.notes = append(a.notes, "key "+dial.Escape(path)+": "+dial.Escape(err.Error()))
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
