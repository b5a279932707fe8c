// Package store keeps the secrets of a workspace: one file of age for each, secrets/NAME.age, encrypted for the recipients that
// secrets/recipients lists. The directory is made for git: text, one change a file, nothing in it that must not be seen.
//
// Whoever can write there is not trusted with more than that: links are not followed, files of other users are not
// read, a file that was put in the place of another secret's is refused, and all sizes have bounds.
//
// It imports age, engine/diag and engine/wording.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// What a secret and its file may be at most, and how many there may be.
const (
	MaxSize  = 1 << 20
	maxFile  = 2 * MaxSize
	maxFiles = 10000
)

// ErrNotFound is that there is no secret of a name.
var ErrNotFound = errors.New("no such secret")

// Store is a directory of secrets. It may be used by several goroutines.
type Store struct {
	// Notice is told what was done beside what was asked for; nil for no one.
	Notice func(text string)

	dir   string
	trust Trust
	ids   Identities
	mu    sync.Mutex // of what follows, and of asking for passphrases
	keys  *keys
}

// Open takes a directory, which need not be there, as the operator would type it. trust may be nil. Keys are read when they are needed.
func Open(dir string, ids Identities, trust Trust) *Store {
	return &Store{dir: dir, ids: ids, trust: trust}
}

// Dir is the directory.
func (s *Store) Dir() string { return s.dir }

// File is the file of a secret.
func (s *Store) File(name string) string { return path.Join(s.dir, name) + ext }

func (s *Store) notice(format string, args ...any) {
	if s.Notice != nil {
		s.Notice(fmt.Sprintf(format, args...))
	}
}

// identities reads the keys, once.
func (s *Store) identities(ctx context.Context) (*keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys != nil {
		return s.keys, nil
	}
	k, err := s.ids.read(ctx)
	if err == nil {
		s.keys = k
	}
	return k, err
}

// Get returns the value of a secret. errors.Is(err, ErrNotFound) is that there is none.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return get(ctx, s, name)
}

// get is Get of a secret or a key.
func get(ctx context.Context, s *Store, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := s.file(name)
	if err != nil {
		return nil, err
	}
	k, err := s.identities(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	value, err := open(name, file, k.identities())
	s.mu.Unlock()
	if err != nil {
		return nil, s.unreadable(ctx, name, k, err)
	}
	return value, nil
}

// Exists returns an error where there is no secret of a name: as Get, without opening it.
func (s *Store) Exists(name string) error {
	err := CheckName(name)
	if err == nil {
		_, err = s.file(name)
	}
	if errors.Is(err, ErrNotFound) || nameFault(name) != "" {
		return err
	}
	return nil // however damaged it may be
}

// file reads the file of a secret.
func (s *Store) file(name string) ([]byte, error) {
	t, err := openTree(s.dir, s.trust)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.notFound(name)
	}
	if err != nil {
		return nil, wrap(s.dir, err)
	}
	defer t.close()
	data, err := t.secret(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.notFound(name)
	}
	if err != nil {
		return nil, readFailed(s.File(name), err)
	}
	return data, nil
}

// secret reads the file of a secret. Its name is spelled as it is on the disk, whatever the file system takes for the same.
func (t *tree) secret(name string) ([]byte, error) {
	dir, file, err := t.descend(name, false)
	if err != nil {
		return nil, err
	}
	defer dir.close()
	entries, err := dir.names()
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == file }) {
		return nil, fs.ErrNotExist
	}
	return dir.read(file, maxFile)
}

// readFailed says why a file cannot be read.
func readFailed(at string, err error) error {
	if _, is := errors.AsType[*refusal](err); is {
		return wrap(at, err)
	}
	if _, is := errors.AsType[*diag.Error](err); is {
		return err
	}
	return diag.ReadFailed(at, err)
}

// notFound says that there is no secret of a name, and which there is.
func (s *Store) notFound(name string) error {
	d := &diag.Error{Summary: "there is no secret " + name, Cause: ErrNotFound}
	all, err := names(s.dir, s.trust)
	if near := diag.Nearest(name, all); err == nil && near != "" {
		return d.WithHint("did you mean %s?", near)
	}
	return d.WithHint("froyo secret set %s", name)
}

// unreadable says why a file could not be opened, and what helps.
func (s *Store) unreadable(ctx context.Context, name string, k *keys, err error) error {
	at := s.File(name)
	d := &diag.Error{Summary: at + ": " + err.Error(), Cause: err}
	switch refused, isKey := errors.AsType[*keyError](err); {
	case isKey:
		d.Summary = fmt.Sprintf("%s cannot be opened: %v", at, refused)
		return d.WithHint("another identity can be named: --identity FILE, or FROYO_IDENTITY")
	case errors.Is(err, errNoKey):
		d.Detail = whoCan(ctx, s, k)
		if k.own != nil {
			return d.WithHint("have one who can read it run: froyo secret recipients add %s", k.own.Recipient())
		}
		return d.WithHint("name a key that opens it: --identity FILE; or make one of this workspace, to be added by one who can read it: froyo init")
	case inKeySpace(name):
		return d.WithHint("restore it from the repository or a backup, or remove it and take the key in anew: rm %s; froyo key import %s FILE", wording.Quote(at), strings.TrimPrefix(name, keySpace))
	case errors.Is(err, errUnnamed):
		return d.WithHint("write it anew: age -d -i KEY %s | froyo secret set %s", wording.Quote(at), name)
	}
	if wrong, is := errors.AsType[misnamed](err); is {
		d.Summary = fmt.Sprintf("%s holds the secret %s: the file was moved or put there", at, string(wrong))
	}
	return d.WithHint("restore it from the repository or a backup, or set it anew: froyo secret set %s", name)
}

// whoCan lists the recipients, and the keys that could not be used.
func whoCan(ctx context.Context, s *Store, k *keys) string {
	var lines []string
	if all, err := s.Recipients(ctx); err == nil {
		for _, r := range all {
			lines = append(lines, "recipient: "+r.Short())
		}
	}
	for _, file := range k.skipped {
		lines = append(lines, "not used: "+file)
	}
	return strings.Join(lines, "\n")
}

// Secret is one in a list.
type Secret struct {
	Name    string
	Size    int64 // of its file
	Changed time.Time
	// Readable is set where a key is at hand that opens it, maybe with a passphrase.
	Readable bool
	// Problem is why it could not be read by anyone, or "".
	Problem string
}

// List lists the secrets by name. It asks for nothing.
func (s *Store) List(ctx context.Context) ([]Secret, error) {
	return listed(ctx, s, func(name string) bool { return !inKeySpace(name) })
}

// listed lists those that are wanted.
func listed(ctx context.Context, s *Store, wanted func(name string) bool) (found []Secret, err error) {
	err = regard(ctx, s, func(t *tree, k *keys) error {
		all, err := t.walk("", nil)
		if err != nil {
			return readFailed(s.dir, err)
		}
		found = slices.DeleteFunc(all, func(f Secret) bool { return !wanted(f.Name) })
		for i := range found {
			if err := ctx.Err(); err != nil {
				return err
			}
			if found[i].Problem == "" {
				found[i].Readable, found[i].Problem = t.look(found[i].Name, k)
			}
		}
		return nil
	})
	return found, err
}

// look reports whether a secret could be read.
func (t *tree) look(name string, k *keys) (readable bool, problem string) {
	data, err := t.secret(name)
	if err == nil {
		_, err = header(name, data, k.passive())
	}
	refused, asks := errors.AsType[*keyError](err)
	switch r, is := errors.AsType[*refusal](err); {
	case err == nil, asks && errors.Is(refused.err, errWanted):
		return true, ""
	case errors.Is(err, errNoKey):
		return false, ""
	case is:
		return false, r.why
	case errors.Is(err, fs.ErrPermission):
		return false, "permission denied"
	}
	return false, err.Error()
}

// walk finds the files of secrets, by name.
func (t *tree) walk(below string, found []Secret) ([]Secret, error) {
	entries, err := t.names()
	if err != nil {
		return found, err
	}
	for _, e := range entries {
		name, isFile := strings.CutSuffix(path.Join(below, e.Name()), ext)
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist), strings.HasPrefix(e.Name(), "."):
			continue // gone, or no secret's
		case err != nil:
			return found, err
		case len(found) >= maxFiles:
			return found, &refusal{t.name, fmt.Sprintf("it has more than %d secrets", maxFiles)}
		case info.IsDir() && !isFile && strings.Count(name, "/") < maxName/2:
			sub, err := t.enter(e.Name(), false)
			if err != nil {
				return found, err
			}
			found, err = sub.walk(name, found)
			sub.close()
			if err != nil {
				return found, err
			}
		case isFile:
			one := Secret{Name: name, Size: info.Size(), Changed: info.ModTime()}
			if !info.Mode().IsRegular() {
				one.Problem = "it is " + kind(info) + ", not a file"
			} else if why := nameFault(name); why != "" {
				one.Problem = "its name: " + why
			}
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b Secret) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// names are those of the secrets.
func names(dir string, trust Trust) ([]string, error) {
	t, err := openTree(dir, trust)
	if err != nil {
		return nil, err
	}
	defer t.close()
	found, err := t.walk("", nil)
	var all []string
	for _, f := range found {
		if !inKeySpace(f.Name) {
			all = append(all, f.Name)
		}
	}
	return all, err
}

// clash finds what a name cannot stand beside, and why: one that differs in case alone, which not every file system tells apart, and
// one that is a part of the other, so that a name never means two things.
func (t *tree) clash(name string) (other, why string, err error) {
	segments := strings.Split(name, "/")
	dir, err := t.enter(".", false)
	if err != nil {
		return "", "", err
	}
	defer func() { dir.close() }()
	for i, segment := range segments {
		last := i == len(segments)-1
		entries, err := dir.names()
		if err != nil {
			return "", "", err
		}
		there := false
		for _, e := range entries {
			bare, isFile := strings.CutSuffix(e.Name(), ext)
			is := path.Join(path.Join(segments[:i]...), bare)
			switch {
			case strings.HasPrefix(e.Name(), ".") || !strings.EqualFold(bare, segment) || !isFile && !e.IsDir():
			case bare != segment:
				return is, "they differ in case alone, which not every file system tells apart", nil
			case isFile && !last:
				return is, "one name cannot be a part of another", nil
			case !isFile && last:
				return is + "/", "one name cannot be a part of another", nil
			case !last:
				there = true
			}
		}
		if !there {
			return "", "", nil
		}
		up := dir
		if dir, err = up.enter(segment, false); err != nil {
			dir = up
			return "", "", err
		}
		up.close()
	}
	return "", "", nil
}
