package machine

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// newFileMode is the mode of a new file that nobody gave one.
const newFileMode = 0o644

// write puts a file in place: see op.Write.
func (m *Machine) write(ctx context.Context, w *op.Write, in io.Reader) (*op.Done, error) {
	t, err := openTarget(w.Path)
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := t.stat()
	if err != nil {
		return nil, err
	}
	if old != nil {
		if kind := typeOf(old.Mode); kind != op.TypeFile && kind != op.TypeLink {
			return nil, conflict("enotfile", t.path+" is a "+string(kind)+", expected a file")
		}
		if typeOf(old.Mode) == op.TypeLink {
			old = nil // it is replaced, and nothing of it is kept
		}
	}
	mode, own, err := m.fileAttributes(ctx, w.Attributes, old)
	if err != nil {
		return nil, err
	}
	draft, err := t.draft(ctx, content{in, w.Content}, mode, own)
	if err != nil {
		return nil, err
	}
	done, err := m.replace(ctx, t, w, old, draft)
	if err != nil {
		_ = t.dir.Remove(draft) // the error that led here is the one to tell
		return nil, err
	}
	return done, t.sync()
}

// fileAttributes completes what was asked for with what the old file has.
func (m *Machine) fileAttributes(ctx context.Context, a op.Attributes, old *syscall.Stat_t) (uint32, owner, error) {
	mode, own := uint32(newFileMode), keep
	if old != nil {
		mode, own = permissions(old.Mode), ownerOf(old)
	}
	if a.Mode != nil {
		mode = *a.Mode
	}
	want, err := m.owner(ctx, a.Owner, a.Group, own)
	return mode, want, err
}

// content is a blob and where its bytes come from.
type content struct {
	from io.Reader
	blob *op.Blob
}

// draft writes content to a new file in the target's directory, with its mode
// and owner, and returns the file's name.
func (t *target) draft(ctx context.Context, c content, mode uint32, own owner) (string, error) {
	name := t.beside()
	// Nobody else opens it before it has its owner, and those bits that the owner
	// will not have are never set.
	f, err := t.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, os.FileMode(mode&0o600))
	if err != nil {
		return "", Fault("create a file in the directory of "+t.path, err)
	}
	err = t.fill(ctx, f, c, mode, own)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = Fault("write "+t.path, closeErr)
	}
	if err != nil {
		_ = t.dir.Remove(name) // the error that led here is the one to tell
		return "", err
	}
	return name, nil
}

func (t *target) fill(ctx context.Context, f *os.File, c content, mode uint32, own owner) error {
	if err := c.copyTo(ctx, f, t.path); err != nil {
		return err
	}
	if own != keep {
		if err := f.Chown(own.uid, own.gid); err != nil {
			return Fault("set the owner of "+t.path, err)
		}
	}
	// After the owner, since a change of owner takes the setuid bit away.
	if err := f.Chmod(fileMode(mode)); err != nil {
		return Fault("set the mode of "+t.path, err)
	}
	if err := f.Sync(); err != nil {
		return Fault("flush "+t.path, err)
	}
	return nil
}

// copyTo copies the content and checks that it is what the blob says.
func (c content) copyTo(ctx context.Context, w io.Writer, path string) error {
	if c.from == nil {
		return errors.New("no content came for " + path)
	}
	sum := sha256.New()
	// One byte more than there may be shows that there are more.
	n, err := io.Copy(hashing{w, sum}, io.LimitReader(untilDone{ctx, c.from}, c.blob.Size+1))
	if err != nil {
		return Fault("write "+path, err)
	}
	if n != c.blob.Size {
		return refusal("content", "the content of "+path+" has another size than announced, expected "+
			strconv.FormatInt(c.blob.Size, 10)+" bytes")
	}
	if op.Hex(sum.Sum(nil)) != c.blob.Sum {
		return refusal("content", "the content of "+path+" has another SHA-256 than announced")
	}
	return nil
}

// hashing writes to w and what was written to sum.
type hashing struct {
	w   io.Writer
	sum hash.Hash
}

func (h hashing) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.sum.Write(p[:n])
	return n, err
}

// untilDone reads until ctx is done, and then fails with its cause.
type untilDone struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to learn of it
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := stopped(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// replace checks the draft, keeps the old file where that is asked for, and
// puts the draft in its place.
func (m *Machine) replace(ctx context.Context, t *target, w *op.Write, old *syscall.Stat_t, draft string) (*op.Done, error) {
	if err := keepLabel(t, old, draft); err != nil {
		return nil, err
	}
	if err := m.check(ctx, w.Check, path.Join(path.Dir(t.path), draft), t.path); err != nil {
		return nil, err
	}
	done := &op.Done{Changed: true}
	if w.Backup && old != nil {
		name, err := m.backup(ctx, t, old)
		if err != nil {
			return nil, err
		}
		done.Backup = path.Join(path.Dir(t.path), name)
	}
	err := stopped(ctx)
	if err == nil {
		err = t.dir.Rename(draft, t.name)
	}
	if err != nil {
		if done.Backup != "" {
			_ = t.dir.Remove(path.Base(done.Backup)) // the error that led here is the one to tell
		}
		return nil, Fault("replace "+t.path, err)
	}
	return done, nil
}

// keepLabel gives the draft the SELinux label of the file it will replace.
func keepLabel(t *target, old *syscall.Stat_t, draft string) error {
	if old == nil {
		return nil
	}
	draft = path.Join(path.Dir(t.path), draft)
	want := label(t.path)
	if want == "" || want == label(draft) {
		return nil
	}
	if err := syscall.Setxattr(draft, labelName, []byte(want), 0); err != nil {
		return Fault("keep the SELinux label of "+t.path, err)
	}
	return nil
}

const labelName = "security.selinux"

// label returns a file's SELinux label, "" where it has none or the file
// system knows none.
func label(path string) string {
	value := make([]byte, 256)
	n, err := syscall.Getxattr(path, labelName, value)
	if err != nil {
		return ""
	}
	return string(value[:n])
}

// check runs the command that must accept the draft.
func (m *Machine) check(ctx context.Context, command, draft, final string) error {
	if command == "" {
		return nil
	}
	got, err := m.run(ctx, program{argv: shell(strings.ReplaceAll(command, "%s", shellQuote(draft)))})
	if err != nil {
		return Fault("check "+final, err)
	}
	if got.RC == 0 {
		return nil
	}
	said := got.Stderr
	if strings.TrimSpace(said) == "" {
		said = got.Stdout
	}
	said = tail(strings.TrimSpace(strings.ReplaceAll(said, draft, final)))
	message := "the check of " + final + " (" + command + ") ended with " + strconv.Itoa(got.RC)
	if said != "" {
		message += ": " + said
	}
	return refusal("check", message)
}

// tail returns the end of what a program said, where it says what is wrong.
func tail(s string) string {
	const most = 1 << 10
	if len(s) > most {
		s = "..." + clean(s[len(s)-most:])
	}
	return s
}

// shellQuote makes s one word of a shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// backup keeps the old file under a name that tells when it was replaced.
func (m *Machine) backup(ctx context.Context, t *target, old *syscall.Stat_t) (string, error) {
	const attempts = 100
	stamp := t.name + "." + m.now().UTC().Format("2006-01-02@15:04:05")
	for i := range attempts {
		name := stamp + "~"
		if i > 0 {
			name = stamp + "-" + strconv.Itoa(i) + "~"
		}
		err := t.dir.Link(t.name, name)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			err = t.copyOld(ctx, old, name)
		}
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", Fault("back "+t.path+" up", err)
		}
		return name, nil
	}
	return "", conflict("eexist", "back "+t.path+" up: there are "+strconv.Itoa(attempts)+" backups of this second")
}

// copyOld makes a backup where the file system or its rules allow no link.
func (t *target) copyOld(ctx context.Context, old *syscall.Stat_t, name string) error {
	from, err := t.dir.OpenFile(t.name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	mode := permissions(old.Mode)
	to, err := t.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, os.FileMode(mode&0o600))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, untilDone{ctx, from})
	if err == nil {
		err = to.Chown(int(old.Uid), int(old.Gid))
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
		_ = t.dir.Remove(name) // the error that led here is the one to tell
	}
	return err
}
