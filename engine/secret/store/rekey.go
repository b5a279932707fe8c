package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// A change of the recipients writes every file anew: first all of them into a directory beside, which is then marked as complete, and
// moved into place. One that is interrupted before the mark has changed nothing; behind it, the next change moves what is left.
const (
	stage    = ".recipients.new"
	complete = "complete"
	done     = ".recipients.old"
)

// Recipients are those that secrets are encrypted for.
func (s *Store) Recipients(ctx context.Context) (all []Recipient, err error) {
	err = regard(ctx, s, func(t *tree, k *keys) error {
		l, err := t.list()
		if err != nil {
			return err
		}
		for i := range l.all {
			l.all[i].Mine = k.mine(l.all[i])
		}
		all = l.all
		return nil
	})
	return all, err
}

// regard looks at what is kept, by the keys that there are; where nothing was ever kept, there is nothing to look at.
func regard(ctx context.Context, s *Store, look func(t *tree, k *keys) error) error {
	t, err := openTree(s.dir, s.trust)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrap(s.dir, err)
	}
	defer t.close()
	k, err := s.identities(ctx)
	if err != nil {
		return err
	}
	return look(t, k)
}

// Own is the workspace's own key as a recipient; its Key is "" where there is none.
func (s *Store) Own(ctx context.Context) (Recipient, error) {
	k, err := s.identities(ctx)
	if err != nil || k.own == nil {
		return Recipient{}, err
	}
	return Recipient{Key: k.own.Recipient().String(), Name: label(s.ids.Name), Mine: true}, nil
}

// AddRecipients encrypts every secret for more recipients, and returns those that were none before, and the names of the secrets.
func (s *Store) AddRecipients(ctx context.Context, more ...Recipient) (added []Recipient, secrets []string, err error) {
	err = s.change(ctx, true, func(t *tree, l *list) error {
		if len(l.all) == 0 {
			own, err := s.Own(ctx)
			if err != nil {
				return err
			}
			if l, err = anew(l, own); err != nil {
				return err
			}
		}
		var with *list
		if with, added, err = l.with(more); err != nil || len(added) == 0 {
			return err
		}
		secrets, err = s.rekey(ctx, t, with)
		return err
	})
	return added, secrets, err
}

// anew is a list of recipients that begins with the workspace's own key, where it has one.
func anew(l *list, own Recipient) (*list, error) {
	if own.Key == "" {
		return l, nil
	}
	l, _, err := l.with([]Recipient{own})
	return l, err
}

// RemoveRecipients encrypts every secret anew without recipients, all of them or none, who are named by the key or by the name,
// and returns the names of the secrets. What was encrypted before can be read by who kept a copy.
func (s *Store) RemoveRecipients(ctx context.Context, words ...string) (gone []Recipient, secrets []string, err error) {
	err = s.change(ctx, true, func(t *tree, l *list) error {
		if gone, err = l.those(words); err != nil {
			return err
		}
		without := l
		var short []string
		for _, r := range gone {
			if without, err = without.without(r); err != nil {
				return err
			}
			short = append(short, r.Short())
		}
		k, err := s.identities(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(without.all, k.mine) {
			return (&diag.Error{Summary: "without " + strings.Join(short, " and ") + " no key of yours could read the secrets any more"}).
				WithHint("add another key of yours before, or have another one of the recipients remove this one: froyo secret recipients list")
		}
		secrets, err = s.rekey(ctx, t, without)
		return err
	})
	return gone, secrets, err
}

// those finds recipients. The words may also be one key, or several, that a shell has split.
func (l *list) those(words []string) (found []Recipient, err error) {
	all := strings.Join(words, " ")
	if one, err := l.which(all); err == nil && (len(words) == 1 || one.Name == all || one.Key == all) {
		return []Recipient{one}, nil
	}
	for i := 0; i < len(words); i++ {
		who := words[i]
		if strings.HasPrefix(who, "ssh-") && !strings.Contains(who, " ") && i+1 < len(words) {
			i++
			who += " " + words[i]
		}
		r, err := l.which(who)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(f Recipient) bool { return f.Key == r.Key }) {
			found = append(found, r)
		}
	}
	return found, nil
}

// which finds a recipient.
func (l *list) which(who string) (Recipient, error) {
	var found []Recipient
	names := []string{}
	for _, r := range l.all {
		if r.Key == who || r.Name == who || strings.HasPrefix(who, r.Key+" ") {
			found = append(found, r)
		}
		if r.Name != "" {
			names = append(names, r.Name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Recipient{}, (&diag.Error{Summary: fmt.Sprintf("%d recipients are called %s", len(found), who)}).
			WithHint("name the key, of those that froyo secret recipients list shows")
	case isPrivate(who):
		return Recipient{}, (&diag.Error{Summary: "a private key is no recipient; make a new one of what was shown here, and remove its public key"}).
			WithHint("froyo secret recipients list")
	}
	d := &diag.Error{Summary: fmt.Sprintf("there is no such recipient: %q", who)}
	if near := diag.Nearest(who, names); near != "" {
		return Recipient{}, d.WithHint("did you mean %q?", near)
	}
	return Recipient{}, d.WithHint("froyo secret recipients list")
}

// rekey encrypts every secret for the recipients of a list, and writes the list.
func (s *Store) rekey(ctx context.Context, t *tree, l *list) (names []string, err error) {
	if names, err = s.staged(ctx, t, l); err != nil {
		return nil, errors.Join(err, t.root.RemoveAll(stage))
	}
	if err := t.place(); err != nil {
		return names, (&diag.Error{Summary: "the new files could not all be moved into place: " + err.Error(), Cause: err}).
			WithHint("remove the cause; the next change of the directory moves the others, such as: froyo secret recipients add KEY")
	}
	return names, nil
}

// staged writes all files of a change of the recipients, and marks it as complete.
func (s *Store) staged(ctx context.Context, t *tree, l *list) (names []string, err error) {
	found, err := t.walk("", nil)
	if err != nil {
		return nil, readFailed(s.dir, err)
	}
	k, err := s.identities(ctx)
	if err != nil {
		return nil, err
	}
	at := path.Join(s.dir, stage)
	if err := t.root.Mkdir(stage, 0o755); err != nil {
		return nil, wrap(at, err)
	}
	beside, err := t.enter(stage, false)
	if err != nil {
		return nil, wrap(at, err)
	}
	defer beside.close()
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.again(ctx, t, beside, f, l, k); err != nil {
			return nil, err
		}
		names = append(names, f.Name)
	}
	if err = beside.write(recipientsFile, l.bytes()); err == nil {
		err = beside.write(complete, nil)
	}
	return names, wrap(at, err)
}

// again encrypts one secret into a directory beside.
func (s *Store) again(ctx context.Context, t, beside *tree, f Secret, l *list, k *keys) error {
	if f.Problem != "" {
		return blocked(s.File(f.Name), &diag.Error{Summary: s.File(f.Name) + ": " + f.Problem})
	}
	data, err := t.secret(f.Name)
	if err != nil {
		return blocked(s.File(f.Name), readFailed(s.File(f.Name), err))
	}
	s.mu.Lock()
	value, err := open(f.Name, data, k.identities())
	s.mu.Unlock()
	if err != nil {
		return blocked(s.File(f.Name), s.unreadable(ctx, f.Name, k, err))
	}
	if data, err = seal(f.Name, value, l.keys); err != nil {
		return err
	}
	return wrap(s.File(f.Name), beside.put(f.Name, data))
}

// blocked is why the recipients could not be changed: every secret has to be read for that.
func blocked(file string, err error) error {
	d := diag.Of(err)
	d.Summary = "the recipients stay as they are, since a secret cannot be encrypted anew: " + d.Summary
	if d.Hint == "" {
		d.WithHint("look at the file, and remove it: ls -l %s", wording.Quote(file))
	}
	return d
}

// recover ends what an interrupted change of the recipients has left.
func (s *Store) recover(t *tree) error {
	if _, err := t.root.Lstat(done); err == nil {
		if err := t.root.RemoveAll(done); err != nil {
			return err
		}
	}
	info, err := t.root.Lstat(stage)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &refusal{path.Join(t.name, stage), "it is " + kind(info) + ", not a directory"}
	}
	if _, err := t.root.Lstat(path.Join(stage, complete)); errors.Is(err, fs.ErrNotExist) {
		if err := t.root.RemoveAll(stage); err != nil {
			return err
		}
		s.notice("a change of the recipients was interrupted before it began to take effect; it is undone, and has to be made again")
		return nil
	} else if err != nil {
		return err
	}
	if err := t.place(); err != nil {
		return err
	}
	s.notice("a change of the recipients that was interrupted is completed now")
	return nil
}

// place moves the files of a complete change to where they belong, the list of recipients last.
func (t *tree) place() error {
	beside, err := t.enter(stage, false)
	if err != nil {
		return err
	}
	found, err := beside.walk("", nil)
	beside.close()
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Problem != "" {
			continue
		}
		if err := t.move(f.Name); err != nil {
			return err
		}
	}
	if err := t.root.Rename(path.Join(stage, recipientsFile), recipientsFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := t.root.Rename(stage, done); err != nil { // removed in one moment, so that half of it is not taken for another change
		return err
	}
	return errors.Join(t.sync(), t.root.RemoveAll(done))
}

// move moves one file into place.
func (t *tree) move(name string) error {
	dir, file, err := t.descend(name, true)
	if err != nil {
		return err
	}
	defer dir.close()
	if info, err := dir.root.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return &refusal{path.Join(dir.name, file), "it is " + kind(info) + ", not a file"}
	}
	if err := t.root.Rename(path.Join(stage, name)+ext, name+ext); err != nil {
		return err
	}
	return dir.sync()
}
