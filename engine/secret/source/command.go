package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/wording"
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
		return "", failed("it did not end within %v", c.limit).WithHint("it has no terminal, so that it cannot ask: unlock its store before, and see what it does: sh -c %s </dev/null", wording.Quote(line))
	case err != nil:
		return "", failed("%v", err).WithHint("see what it does, in %s: sh -c %s </dev/null", wording.Quote(c.dir), wording.Quote(line))
	}
	text := withoutEnd(out.kept.String())
	if warning := said.text(text); warning != "" {
		w := &diag.Error{Summary: "secret \"command:" + line + "\" says:"}
		if strings.Contains(warning, "\n") {
			w.Detail = warning
		} else {
			w.Summary += " " + warning
		}
		c.warn(w)
	}
	return text, nil
}

// withoutEnd leaves out the end of the last line.
func withoutEnd(text string) string {
	if line, is := strings.CutSuffix(text, "\r\n"); is {
		return line
	}
	return strings.TrimSuffix(text, "\n")
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

// shortest is the length from which on a line of a secret is looked for in what was written.
const shortest = 4

// text is what was written as it is told, without a secret that may stand in it, or lines of it.
func (b *bounded) text(hidden string) string {
	text := b.kept.String()
	if hidden != "" {
		text = strings.ReplaceAll(text, hidden, secret.Shown)
	}
	lines := strings.Split(hidden, "\n")
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may be a part of another
	for _, line := range lines {
		if line = strings.TrimSpace(line); len(line) >= shortest {
			text = strings.ReplaceAll(text, line, secret.Shown)
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(text), "\ufffd")
}
