package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/fsattr"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// newFileMode is the mode of a new file for which none is given.
const newFileMode = 0o644

// write puts a file in place: see op.Write.
func (fs *Files) write(ctx context.Context, w *op.Write, in io.Reader) (*op.Done, error) {
	t, err := fs.users.target(ctx, w.Path, w.Unsafe)
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := fs.replaced(ctx, t, w)
	if err != nil {
		return nil, err
	}
	if old != nil {
		defer old.Close()
	}
	mode, own, err := fs.fileAttributes(ctx, w.Attributes, old)
	if err != nil {
		return nil, err
	}
	c := content{in, w.Content}
	if w.InPlace && old != nil {
		return fs.overwrite(ctx, t, w, old, c, mode, own)
	}
	d, err := t.draft(ctx, c, mode, own, old, w.Check != "")
	if err != nil {
		return nil, err
	}
	defer d.close()
	done, err := fs.replace(ctx, t, w, old, d)
	if err != nil {
		_ = t.dir.Remove(d.name, false) // the error that led here is the one to tell
		return nil, err
	}
	return done, t.sync()
}

// replaced opens the file that will be replaced or written into. It is nil where
// there is none, or a link, of which nothing is kept. A name that a user may have given
// to a file of another user's is refused: mode, owner and capabilities of that one are not the new file's.
func (fs *Files) replaced(ctx context.Context, t *target, w *op.Write) (*fspath.Node, error) {
	old, err := t.at()
	if err != nil || old == nil {
		return nil, err
	}
	switch kind := typeOf(old.Mode); {
	case kind == op.TypeLink:
		old.Close()
		return nil, nil
	case kind != op.TypeFile:
		err = perform.Conflict("enotfile", t.path+" is a "+string(kind)+", expected a file")
	default:
		err = t.own(ctx, old)
	}
	if err != nil {
		old.Close()
		return nil, err
	}
	return old, nil
}

// fileAttributes completes what was asked for with what the old file has.
func (fs *Files) fileAttributes(ctx context.Context, a op.Attributes, old *fspath.Node) (uint32, owner, error) {
	mode, own := uint32(newFileMode), keep
	if old != nil {
		own = ownerOf(&old.Info)
	}
	want, err := fs.users.owner(ctx, a.Owner, a.Group, own)
	switch {
	case a.Mode != nil:
		mode = *a.Mode
	case old != nil:
		mode = handed(old.Mode, own, want)
	}
	return mode, want, err
}

// replace checks the draft, keeps the old file where that is asked for, and
// puts the draft in its place.
func (fs *Files) replace(ctx context.Context, t *target, w *op.Write, old *fspath.Node, d *draft) (*op.Done, error) {
	if w.Check != "" {
		at, err := t.checkedAt(d)
		if err != nil {
			return nil, err
		}
		if err := fs.check(ctx, w.Check, at, t.path, at, path.Join(t.dir.Real(), d.name)); err != nil {
			return nil, err
		}
	}
	done := &op.Done{Changed: true}
	backup := ""
	if w.Backup && old != nil {
		var err error
		if backup, err = fs.backup(ctx, t, old, t.linkOld); err != nil {
			return nil, err
		}
		done.Backup = path.Join(path.Dir(t.path), backup)
	}
	err := perform.Stopped(ctx)
	if err == nil {
		err = t.put(d.name, d.node, old)
	}
	if err != nil {
		if backup != "" {
			_ = t.dir.Remove(backup, false) // the error that led here is the one to tell
		}
		return nil, perform.Fault("replace "+t.path, err)
	}
	return done, nil
}

// checkedAt returns a path of the draft for a shell command: its own, where that
// holds nothing a shell could take for more than a name, and no user who is not
// trusted can put something else there. Otherwise it leads through the descriptor of the
// directory, or of the file itself.
func (t *target) checkedAt(d *draft) (string, error) {
	private, err := t.dir.Private()
	if err != nil {
		return "", perform.Fault("look at the directory of "+t.path, err)
	}
	at := path.Join(t.dir.Real(), d.name)
	switch {
	case !private:
		return d.node.Proc(), nil
	case !plain(at):
		return t.dir.Proc() + "/" + d.name, nil
	}
	return at, nil
}

// plain reports whether a path means nothing but itself to a shell, in quotes or without.
func plain(p string) bool {
	for i := range len(p) {
		switch c := p[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("/._-+,:@", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// check runs the command that must accept the draft. In what it says, the names of the draft give way to the one that it will have.
func (fs *Files) check(ctx context.Context, command, draft, final string, names ...string) error {
	got, err := fs.programs.Run(ctx, program.Program{Argv: program.Shell(strings.ReplaceAll(command, "%s", draft))})
	if err != nil {
		return perform.Fault("check "+final, err)
	}
	if got.RC == 0 {
		return nil
	}
	said := got.Stderr
	if strings.TrimSpace(said) == "" {
		said = got.Stdout
	}
	for _, name := range names {
		said = strings.ReplaceAll(said, name, final)
	}
	said = tail(strings.TrimSpace(said))
	message := "the check of " + final + " ended with " + strconv.Itoa(got.RC)
	if said != "" {
		message += ": " + said
	}
	return perform.Refuse("check", message+" ("+brief(command)+")")
}

// brief is the beginning of a command, which names it: a script is not repeated as a whole.
func brief(command string) string {
	const most = 60
	command, _, more := strings.Cut(command, "\n")
	if len(command) > most {
		command, more = perform.Clean(command[:most]), true
	}
	if more {
		command += "..."
	}
	return command
}

// tail returns the end of what a program said, where it says what is wrong.
func tail(s string) string {
	const most = 1 << 10
	if len(s) > most {
		s = "..." + perform.Clean(s[len(s)-most:])
	}
	return s
}

// second writes a second since 1970 as "2006-01-02@15:04:05" in UTC. Package time would do the same, and make the runner
// larger by its zones.
func second(unix int64) string {
	const day = 24 * 3600
	unix = max(unix, 0) // a clock that was never set
	days, of := unix/day, unix%day
	year := int64(1970)
	for ; days >= long(year); year++ {
		days -= long(year)
	}
	month := int64(1)
	for ; days >= monthDays(year, month); month++ {
		days -= monthDays(year, month)
	}
	two := func(n int64) string { return strconv.FormatInt(100+n, 10)[1:] }
	return strconv.FormatInt(year, 10) + "-" + two(month) + "-" + two(days+1) + "@" + two(of/3600) + ":" + two(of/60%60) + ":" + two(of%60)
}

// long is how many days a year has.
func long(year int64) int64 {
	if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 366
	}
	return 365
}

func monthDays(year, month int64) int64 {
	switch month {
	case 2:
		return long(year) - 337
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// backup keeps the old file under a name that tells when it was replaced. By
// makes it, and fails with EEXIST where the name is taken.
func (fs *Files) backup(ctx context.Context, t *target, old *fspath.Node, by func(context.Context, *fspath.Node, string) error) (string, error) {
	const attempts = 100
	stamp := t.name + "." + second(fs.now().Unix())
	for i := range attempts {
		name := stamp + "~"
		if i > 0 {
			name = stamp + "-" + strconv.Itoa(i) + "~"
		}
		err := by(ctx, old, name)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", perform.Fault("back "+t.path+" up", err)
		}
		return name, nil
	}
	return "", perform.Conflict("eexist", "back "+t.path+" up: there are "+strconv.Itoa(attempts)+" backups of this second")
}

// linkOld makes a backup of a file that will be replaced, and so stays as it is.
func (t *target) linkOld(ctx context.Context, old *fspath.Node, name string) error {
	err := t.dir.Link(old, name)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	return t.copyOld(ctx, old, name)
}

// copyOld makes a backup where the file system or its rules allow no link.
func (t *target) copyOld(ctx context.Context, old *fspath.Node, name string) error {
	from, err := old.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return err
	}
	defer from.Close()
	mode := permissions(old.Mode)
	to, err := t.dir.Create(name, mode&0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, untilDone{ctx, from})
	if err == nil {
		err = to.Chown(int(old.UID), int(old.GID))
	}
	if err == nil {
		err = fsattr.Copy(old, to, mode)
	}
	if err == nil {
		err = to.Chmod(fileMode(mode))
	}
	if err == nil {
		err = to.Sync()
	}
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = t.dir.Remove(name, false) // the error that led here is the one to tell
	}
	return err
}
