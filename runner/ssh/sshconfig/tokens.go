package sshconfig

import (
	"crypto/sha1" //nolint:gosec // what ssh makes names of files of
	"encoding/hex"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// Tokens are what the % of a value may stand for.
type Tokens struct {
	Home     string // ~ and %d
	Alias    string // %n: what an operator would give to ssh
	Host     string // %h
	User     string // %r
	Operator string // %u
	KeyAlias string // %k, where it is not the alias
	Port     int    // %p
	Jump     string // %j: the last of the jump hosts, without user and port
	Environ  []string
}

// Those that values of each kind may hold.
const (
	inNames = "%h"    // of HostName
	inProxy = "%hnpr" // of ProxyCommand and ProxyJump
	inPaths = "%CdhijknpruLl"
)

// Name expands the value of HostName.
func (t Tokens) Name(value string) (string, error) { return t.expand(value, inNames) }

// Proxy expands the value of ProxyCommand or ProxyJump.
func (t Tokens) Proxy(value string) (string, error) { return t.expand(value, inProxy) }

// Path expands the path of a file, with ~ and ${VARIABLE}.
func (t Tokens) Path(value string) (string, error) {
	value, err := t.tilde(value)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(value, "${")
		part, err := t.expand(before, inPaths)
		if err != nil {
			return "", err
		}
		b.WriteString(part)
		if !found {
			return b.String(), nil
		}
		name, after, ends := strings.Cut(rest, "}")
		if !ends {
			return "", errors.New("a ${ has no }")
		}
		set, ok := t.Variable(name)
		if !ok {
			return "", errors.New("the variable " + name + " is not set")
		}
		b.WriteString(set)
		value = after
	}
}

// Variable is a variable of the operator's environment.
func (t Tokens) Variable(name string) (string, bool) {
	for _, set := range t.Environ {
		if value, ok := strings.CutPrefix(set, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func (t Tokens) tilde(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path, nil
	}
	name, below, _ := strings.Cut(rest, "/")
	if name == "" {
		return filepath.Join(t.Home, below), nil
	}
	who, err := user.Lookup(name)
	if err != nil {
		return "", errors.New("there is no user " + name)
	}
	return filepath.Join(who.HomeDir, below), nil
}

// expand replaces the tokens that are allowed.
func (t Tokens) expand(value, allowed string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(value, "%")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if rest == "" || !strings.Contains(allowed, rest[:1]) {
			return "", errors.New("%" + rest[:min(1, len(rest))] + " is not expanded here")
		}
		text, err := t.token(rest[0])
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		value = rest[1:]
	}
}

func (t Tokens) token(c byte) (string, error) {
	switch c {
	case 'C':
		return t.hash()
	case 'd':
		return t.Home, nil
	case 'h':
		return t.Host, nil
	case 'i':
		return strconv.Itoa(os.Getuid()), nil
	case 'j':
		return t.Jump, nil
	case 'k':
		if t.KeyAlias != "" {
			return t.KeyAlias, nil
		}
		return t.Alias, nil
	case 'n':
		return t.Alias, nil
	case 'p':
		return strconv.Itoa(t.Port), nil
	case 'r':
		return t.User, nil
	case 'u':
		return t.Operator, nil
	case 'L', 'l':
		name, err := os.Hostname()
		if c == 'L' {
			name, _, _ = strings.Cut(name, ".")
		}
		return name, err
	}
	return "%", nil
}

// hash is that of who connects where, by which ssh tells connections apart.
func (t Tokens) hash() (string, error) {
	name, err := os.Hostname()
	sum := sha1.Sum([]byte(name + t.Host + strconv.Itoa(t.Port) + t.User + t.Jump)) //nolint:gosec // it is ssh's
	return hex.EncodeToString(sum[:]), err
}
