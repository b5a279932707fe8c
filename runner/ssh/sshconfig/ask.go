package sshconfig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
)

// askTime bounds how long the ssh program may take to evaluate ssh_config,
// the programs of Match exec included.
const askTime = 20 * time.Second

// maxAnswer bounds what is read of its answer.
const maxAnswer = 1 << 20

// asker has the ssh program evaluate ssh_config where a file holds what only
// that program can judge, such as Match exec.
type asker struct {
	program string // looked up in PATH where it has no slash
	home    string
	files   []string
	environ []string
	// defaults are the settings that apply where no file says anything.
	defaults func(ctx context.Context) (map[string][]string, error)
}

func newAsker(program, home string, files, environ []string) *asker {
	a := &asker{program: program, home: home, files: files, environ: environ}
	var known map[string][]string
	turn := make(chan struct{}, 1)
	a.defaults = func(ctx context.Context) (map[string][]string, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if known != nil {
			return known, nil
		}
		got, err := a.run(ctx, []string{"-F", "none"}, Query{Alias: "froyo.invalid"})
		if err == nil {
			known = got
		}
		return got, err
	}
	return a
}

// lookup evaluates the files for a host. It leaves out what applies anyway, so
// that the answer reads like the files' own settings; file tells where those stand.
func (a *asker) lookup(ctx context.Context, q Query, file *parsed) (Settings, error) {
	defaults, err := a.defaults(ctx)
	if err != nil {
		return nil, err
	}
	config, done, err := a.config()
	if err != nil {
		return nil, err
	}
	defer done()
	told, err := a.run(ctx, config, q)
	if err != nil {
		return nil, err
	}
	found := Settings{}
	for name, lines := range told {
		usual := slices.Equal(lines, defaults[name]) && file.place(name, lines[0]) == ""
		if name == "host" || usual || name == "hostname" && slices.Equal(lines, []string{q.Alias}) {
			continue
		}
		for _, line := range lines {
			values := []string{line}
			if options[name].form == list {
				values = file.words(name, line)
			}
			for _, value := range values {
				found[name] = append(found[name], Value{value, file.place(name, value)})
			}
		}
	}
	return found, nil
}

// config gives the arguments by which ssh reads the files: none where they are
// those that it reads anyway, and where there are several otherwise, a file that
// includes them all, since it reads only one that it is told of.
func (a *asker) config() (argv []string, done func(), err error) {
	done = func() {}
	if slices.Equal(a.files, []string{filepath.Join(a.home, ".ssh", "config"), systemConfig}) && isLoginHome(a.home) {
		return nil, done, nil
	}
	if len(a.files) == 1 {
		return []string{"-F", a.files[0]}, done, nil
	}
	f, err := os.CreateTemp("", "froyo-ssh-config-")
	if err != nil {
		return nil, nil, err
	}
	for _, file := range a.files {
		if strings.ContainsAny(file, "\"\n") {
			err = errors.New("the path " + escape.Text(file) + " cannot be written into a configuration")
			break
		}
		if _, err = f.WriteString("Include \"" + file + "\"\n"); err != nil {
			break
		}
	}
	done = func() { _ = os.Remove(f.Name()) } // it is in the directory for such files
	if err = errors.Join(err, f.Close()); err != nil {
		done()
		return nil, nil, err
	}
	return []string{"-F", f.Name()}, done, nil
}

// run runs ssh -G, which connects nowhere, and reads its settings. Names are in lower case.
func (a *asker) run(ctx context.Context, config []string, q Query) (map[string][]string, error) {
	program, err := exec.LookPath(a.program)
	if err != nil {
		return nil, errors.New("that needs the ssh program, which is not installed here")
	}
	argv := append([]string{"-G"}, config...)
	if q.User != "" {
		argv = append(argv, "-l", q.User)
	}
	if q.Port != 0 {
		argv = append(argv, "-p", strconv.Itoa(q.Port))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, errors.New("it did not answer within "+askTime.String()))
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(argv, "--", q.Alias)...)
	cmd.WaitDelay, cmd.Env = time.Second, a.environ
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		text := strings.TrimSpace(said.String())
		return nil, fmt.Errorf("ssh -G: %w: %s", err, inLine(text[:min(len(text), 500)]))
	}
	if out.Len() > maxAnswer {
		return nil, errors.New("ssh -G printed more than 1 MiB")
	}
	found := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " "); ok {
			found[strings.ToLower(name)] = append(found[strings.ToLower(name)], value)
		}
	}
	return found, nil
}

// inLine shows what ssh said, which has escaped it already.
func inLine(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\\", "\x00"), "\n")
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(escape.Text(strings.TrimRight(line, "\r")), `\x00`, `\`)
	}
	return strings.Join(lines, "; ")
}

// isLoginHome reports whether a directory is the one that ssh takes for the
// operator's home, whatever HOME says.
func isLoginHome(home string) bool {
	me, err := user.LookupId(strconv.Itoa(os.Getuid()))
	return err != nil || me.HomeDir == home
}
