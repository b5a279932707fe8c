// Package sshconfig tells what the operator's ssh_config says of a host. It reads
// the files itself as far as it understands them, and has the ssh program
// evaluate the rest.
//
// It imports runner/escape and the standard library only.
package sshconfig

import (
	"context"
	"errors"
	"os/exec"
	"sync"

	"github.com/openfroyo/froyo/runner/escape"
)

// Config is a list of ssh_config files, the earlier winning. It is safe for
// concurrent use, and reads nothing before it is asked.
type Config struct {
	// Program is the ssh program, looked up in PATH where it has no slash.
	Program string
	// Environ is the environment of that program; nil is this one's.
	Environ []string
	// Algorithm reports whether ssh has an algorithm for an option; nil is that it has all.
	Algorithm func(option, name string) bool

	home   string
	parsed func() *parsed
	asker  func() *asker
}

// New returns the configuration of files; ~ in them is home.
func New(home string, files []string) *Config {
	c := &Config{Program: "ssh", home: home}
	c.parsed = sync.OnceValue(func() *parsed {
		p := readConfig(home, files)
		p.algorithm = c.Algorithm
		return p
	})
	c.asker = sync.OnceValue(func() *asker { return newAsker(c.Program, home, files, c.Environ) })
	return c
}

// Query is the host that is asked about. An empty User and a Port of 0 were not given.
type Query struct {
	Alias string // what an operator would give to ssh
	User  string
	Port  int
}

// Value is one value of a setting.
type Value struct {
	Text  string
	Place string // FILE:LINE, or "" where it is not known
}

// Settings are the values that apply to one host by their names in lower case, the first of each name winning.
type Settings map[string][]Value

// All returns all values of a name.
func (s Settings) All(name string) []string {
	var all []string
	for _, v := range s[name] {
		all = append(all, v.Text)
	}
	return all
}

// Get returns the value of a name that counts, "" where there is none.
func (s Settings) Get(name string) string {
	if len(s[name]) == 0 {
		return ""
	}
	return s[name][0].Text
}

// Place is where the value of a name stands, for messages.
func (s Settings) Place(name string) string {
	if len(s[name]) == 0 || s[name][0].Place == "" {
		return "ssh_config"
	}
	return escape.Text(s[name][0].Place)
}

// UnclearError is a configuration that may concern the host and that could not be evaluated.
type UnclearError struct {
	What string // what could not be evaluated, and where it is
	Err  error
	// Wrong is the place of a setting that ssh does not take, "" where it is something else. Unknown
	// says that it is no option at all.
	Wrong   string
	Unknown bool
	// Elsewhere says that it is of no concern to this host. ssh reads it all the same, and ends.
	Elsewhere bool
}

func (e *UnclearError) Error() string {
	return "could not be evaluated (" + e.What + "): " + e.Err.Error()
}

// Unwrap returns why it could not be evaluated.
func (e *UnclearError) Unwrap() error { return e.Err }

// Settings returns what applies to a host, or an *UnclearError.
func (c *Config) Settings(ctx context.Context, q Query) (Settings, error) {
	file := c.parsed()
	s, what, elsewhere := file.lookup(q.Alias)
	if what == nil && elsewhere == nil {
		return s, nil
	}
	if what == nil {
		// ssh reads the values of all blocks, and ends where one is wrong. Without ssh, they are of no concern here.
		told, err := c.asker().lookup(ctx, q, file)
		if _, judged := errors.AsType[*exec.ExitError](err); judged {
			return nil, &UnclearError{What: escape.Text(elsewhere.place + ": " + elsewhere.text()), Err: err, Wrong: elsewhere.place, Unknown: elsewhere.unknown, Elsewhere: true}
		}
		if err != nil || file.homely && !isLoginHome(c.home) {
			return s, ctx.Err()
		}
		return told, nil
	}
	var err error
	if file.homely && !isLoginHome(c.home) {
		err = errors.New("it includes files of the home directory, where ssh does not follow HOME")
	} else {
		s, err = c.asker().lookup(ctx, q, file)
	}
	if err != nil {
		unclear := &UnclearError{What: escape.Text(what.place + ": " + what.unclear), Err: err, Unknown: what.unknown}
		if _, judged := errors.AsType[*exec.ExitError](err); judged && (what.unknown || what.wrong) {
			unclear.Wrong = what.place
		}
		return nil, unclear
	}
	return s, nil
}
