package secret

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/runtime/console"
)

// draftPrefix is what directories of drafts are called, before the number of their process.
const draftPrefix = "froyo-secret-"

// editorPatience is how long an editor may take to end when it has to.
const editorPatience = 2 * time.Second

// draft is a file with a secret while it is edited: in a directory that only its owner can enter, in memory where that can be.
type draft struct {
	name, dir, file string
	lock            *os.File // the directory, locked for as long as it is used
}

// newDraft makes the directory.
func newDraft(e *console.Console, name string) (*draft, error) {
	if editor(e) == "" {
		return nil, (&diag.Error{Summary: "there is no editor: neither VISUAL nor EDITOR is set, and there is no vi"}).
			WithHint("name one: EDITOR=nano froyo secret edit %s; or without any: froyo secret set %s", name, name)
	}
	var dir string
	var err error
	for _, base := range []string{e.Getenv("XDG_RUNTIME_DIR"), "/dev/shm"} {
		if !filepath.IsAbs(base) || !inMemory(base) {
			continue
		}
		sweep(base)
		if dir, err = os.MkdirTemp(base, draftPrefix+strconv.Itoa(os.Getpid())+"-"); err == nil {
			break
		}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", draftPrefix+strconv.Itoa(os.Getpid())+"-"); err != nil {
			return nil, diag.WriteFailed("a directory for the editor", os.TempDir(), err)
		}
		caution(e, "there is no directory in memory to edit in; the file is on a disk meanwhile: "+dir, "")
	}
	lock, err := os.Open(dir)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor is small
	}
	if err != nil {
		return nil, errors.Join(diag.WriteFailed("a directory for the editor", dir, err), os.RemoveAll(dir))
	}
	return &draft{name: name, dir: dir, file: filepath.Join(dir, path.Base(name)), lock: lock}, nil
}

// inMemory reports whether a directory is on a file system that is kept in memory.
func inMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) == nil && (int64(s.Type) == unix.TMPFS_MAGIC || int64(s.Type) == unix.RAMFS_MAGIC) //nolint:unconvert // its type differs between architectures
}

// sweep removes what processes that were killed have left.
func sweep(base string) {
	left, err := filepath.Glob(filepath.Join(base, draftPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), draftPrefix), "-")
		pid, err := strconv.Atoi(number)
		info, statErr := os.Lstat(dir)
		if err != nil || pid <= 0 || statErr != nil || !info.IsDir() || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if stat, is := info.Sys().(*syscall.Stat_t); is && int(stat.Uid) == os.Getuid() && unused(dir) {
			_ = os.RemoveAll(dir) // the next command tries again
		}
	}
}

// unused reports whether no command has a directory locked: one in a container may have a number that is none here.
func unused(dir string) bool {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil //nolint:gosec // a descriptor is small
}

// write writes the file.
func (d *draft) write(value []byte) error {
	err := os.Remove(d.file)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = os.WriteFile(d.file, value, 0o600)
	}
	if err != nil {
		return diag.WriteFailed("the file for the editor", d.file, err)
	}
	return nil
}

// read reads what the editor has made of it.
func (d *draft) read() ([]byte, error) {
	// Without O_NONBLOCK, what is a pipe by now would be waited for.
	f, err := os.OpenFile(d.file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &diag.Error{Summary: "the editor has removed the file; the secret is as it was", Cause: err}
	case err != nil:
		return nil, &diag.Error{Summary: "what the editor has left cannot be read (" + err.Error() + "); the secret is as it was", Cause: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, &diag.Error{Summary: "what the editor has left is no file; the secret is as it was", Cause: err}
	}
	return io.ReadAll(io.LimitReader(f, store.MaxSize+1))
}

// remove removes all of it.
func (d *draft) remove() error {
	_ = d.lock.Close() // it was only locked
	if err := os.RemoveAll(d.dir); err != nil {
		return (&diag.Error{Summary: "the file of the editor could not be removed, and has the secret in it: " + err.Error(), Cause: err}).
			WithHint("rm -r %s", d.dir)
	}
	return nil
}

// editor is the command line of the operator's editor.
func editor(e *console.Console) string {
	named := cmp.Or(strings.TrimSpace(e.Getenv("VISUAL")), strings.TrimSpace(e.Getenv("EDITOR")))
	if named == "" {
		if _, err := exec.LookPath("vi"); err == nil {
			return "vi"
		}
	}
	return named
}

// replacing has a plain command take the place of its shell, so that a signal for the one reaches the other.
func replacing(command string) string {
	switch {
	case strings.ContainsAny(command, ";|&<>(){}$`\n"):
		return command
	case strings.Contains(command, "="):
		return "exec env " + command
	}
	return "exec " + command
}

// end has an editor end with all that it has started. It has no group of its own, since an editor needs the terminal's foreground.
func end(pid int) error {
	below := map[int][]int{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// Behind the name, in which anything may stand, are the state and the parent.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			below[parent] = append(below[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, below[all[i]]...)
	}
	for _, one := range slices.Backward(all) {
		err = syscall.Kill(one, syscall.SIGTERM)
	}
	return err // of the editor itself
}

// run runs the editor, which a signal ends.
func (d *draft) run(ctx context.Context, e *console.Console) error {
	command := editor(e)
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", replacing(command)+` "$@"`, command, d.file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stderr, e.Stderr
	if console.IsTerminal(e.Stdout) {
		cmd.Stdout = e.Stdout
	}
	cmd.Env = e.Process.Environ()
	cmd.Cancel = func() error { return end(cmd.Process.Pid) }
	cmd.WaitDelay = editorPatience
	state, stateErr := term.GetState(int(e.Stdin.Fd())) //nolint:gosec // a descriptor is a small number
	err := cmd.Run()
	if stateErr == nil && err != nil { // an editor that was killed has not put the terminal in order
		_ = term.Restore(int(e.Stdin.Fd()), state) //nolint:gosec // as above
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return (&diag.Error{Summary: fmt.Sprintf("the editor %s failed (%v); the secret is as it was", command, err), Cause: err}).
			WithHint("name another one: EDITOR=nano froyo secret edit %s", d.name)
	}
	return nil
}
