package live

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// runTime bounds a program.
const runTime = 20 * time.Second

// maxOutput bounds what a program prints.
const maxOutput = 8 << 20

// paths are where programs are, whatever the environment says.
const paths = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// find is where a program is, "" where there is none.
func find(name string) string {
	for dir := range strings.SplitSeq(strings.TrimPrefix(paths, "PATH="), ":") {
		if s, err := os.Stat(dir + "/" + name); err == nil && s.Mode().IsRegular() && s.Mode().Perm()&0o111 != 0 {
			return dir + "/" + name
		}
	}
	return ""
}

// errNone is a program that there is not.
var errNone = errors.New("there is no such program")

// errUnread is a program that did not tell all in time, or told too much.
var errUnread = errors.New("what it prints is not known")

// bounded keeps what is printed, up to a bound.
type bounded struct{ bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, errUnread
	}
	return b.Buffer.Write(p)
}

// run runs a program and returns what it printed.
func run(name string, args ...string) (string, error) { return feed("", name, args...) }

// Run is run, for others.
func Run(name string, args ...string) (string, error) { return run(name, args...) }

// feed is run with something on standard input.
func feed(stdin, name string, args ...string) (string, error) {
	at := find(name)
	if at == "" {
		return "", errNone
	}
	ctx, cancel := context.WithTimeout(context.Background(), runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, at, args...)
	cmd.Env, cmd.Dir = []string{paths, "LC_ALL=C"}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	var out, said bounded
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", errors.Join(errors.New(name+" did not end within "+runTime.String()), errUnread)
	case errors.Is(err, errUnread):
		return "", errors.Join(errors.New(name+" prints too much"), errUnread)
	}
	if err != nil && said.Len() > 0 {
		text, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		err = errors.New(name + ": " + strings.TrimSpace(text))
	}
	return out.String(), err
}
