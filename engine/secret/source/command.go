package source

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

const (
	// commandTime is how long a program may take.
	commandTime = time.Minute
	maxSaid     = 4 << 10 // of its standard error
)

// commands are what programs print that run here, by a shell.
type commands struct {
	dir   string
	env   []string
	warn  func(*diag.Error)
	limit time.Duration
}

// read runs a program. Standard input is empty, and it has no terminal. The end of the last line is no part of the secret.
func (c commands) read(ctx context.Context, line string) (string, error) {
	within, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := exec.CommandContext(within, "/bin/sh", "-c", line)
	out, said := &bounded{most: maxSize, full: cancel}, &bounded{most: maxSaid, full: func() {}}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, out, said
	// A group of its own, so that what it has started ends with it, and an interrupt reaches froyo alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for who left the group and holds the output open
	err := cmd.Run()
	failed := func(format string, args ...any) *diag.Error {
		e := refused("secret %q: "+format, append([]any{"command:" + line}, args...)...)
		e.Detail = said.text(strings.TrimSpace(out.kept.String()))
		return e
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case out.over:
		return "", failed("it prints more than %d MiB", maxSize>>20).WithHint("have it print the secret and nothing else")
	case errors.Is(within.Err(), context.DeadlineExceeded):
		return "", failed("it did not end within %v", c.limit).WithHint("it has no terminal, so that it cannot ask: unlock its store before, and see what it does: %s </dev/null", line)
	case err != nil:
		return "", failed("%v", err).WithHint("see what it does, in %s: %s </dev/null", c.dir, line)
	}
	text := strings.TrimSuffix(out.kept.String(), "\n")
	if warning := said.text(text); warning != "" {
		c.warn(&diag.Error{Summary: "secret \"command:" + line + "\" says: " + warning})
	}
	return text, nil
}

// bounded keeps the beginning of what is written.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom would know no limit
	most int
	over bool
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.most - b.kept.Len(); len(p) > room {
		b.kept.Write(p[:room])
		b.over = true
		b.full()
		return len(p), nil
	}
	return b.kept.Write(p)
}

// text is what was written as it is told, without a secret that may stand in it.
func (b *bounded) text(hidden string) string {
	text := b.kept.String()
	if hidden != "" {
		text = strings.ReplaceAll(text, hidden, secret.Shown)
	}
	return strings.ToValidUTF8(strings.TrimSpace(text), "\ufffd")
}
