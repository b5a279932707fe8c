package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
)

// recipientsFile is who can read the secrets, beside them: a key a line, made to be reviewed.
const recipientsFile = "recipients"

// Recipient is a public key that secrets are encrypted for.
type Recipient struct {
	// Key is age1…, or the type and the data of an SSH key.
	Key string
	// Name is whose it is, or "".
	Name string
	// Mine is set where a private key is at hand.
	Mine bool
}

// String is the recipient's line.
func (r Recipient) String() string {
	switch {
	case r.Name == "":
		return r.Key
	case strings.HasPrefix(r.Key, "ssh-"):
		return r.Key + " " + r.Name
	}
	return r.Key + "  # " + r.Name
}

// Short names a recipient in a sentence.
func (r Recipient) Short() string {
	key := r.Key
	if len(key) > 28 {
		key = key[:18] + "…" + key[len(key)-8:]
	}
	if r.Name == "" {
		return key
	}
	return r.Name + " (" + key + ")"
}

// ParseRecipient reads a recipient as it stands in a line. Errors do not show the text, which may be a private key.
func ParseRecipient(line string) (Recipient, error) {
	line = strings.TrimSpace(line)
	r, _, err := parseRecipient(line)
	return r, err
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' }

// errNoRecipient is what is said of a text that is no key at all.
var errNoRecipient = errors.New("it is no public key that secrets can be encrypted for")

// parseRecipient reads a line, also as age takes it.
func parseRecipient(line string) (Recipient, age.Recipient, error) {
	if isPrivate(line) {
		return Recipient{}, nil, errors.New("it is a PRIVATE key, which is not to be given away")
	}
	first, rest, _ := strings.Cut(line, " ")
	switch {
	case strings.HasPrefix(first, "age1pq1"), strings.HasPrefix(first, "age1tag"):
		return Recipient{}, nil, errors.New("post-quantum keys and keys of hardware are not supported; use one of age-keygen")
	case strings.HasPrefix(first, "age1"):
		key, err := age.ParseX25519Recipient(first)
		if err != nil {
			return Recipient{}, nil, errors.New("a key that begins with age1 is cut off or mistyped")
		}
		return Recipient{Key: first, Name: label(rest)}, key, nil
	case strings.HasPrefix(first, "ssh-"), strings.HasPrefix(first, "ecdsa-"), strings.HasPrefix(first, "sk-"):
		return parseSSH(line)
	}
	return Recipient{}, nil, errNoRecipient
}

// parseSSH reads a public key of OpenSSH.
func parseSSH(line string) (Recipient, age.Recipient, error) {
	public, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return Recipient{}, nil, errors.New("an SSH key is cut off or mistyped")
	}
	r := sshRecipient(public)
	r.Name = label(comment)
	key, err := agessh.ParseRecipient(r.Key)
	if err != nil {
		if public.Type() == ssh.KeyAlgoRSA {
			return Recipient{}, nil, errors.New("an RSA key of less than 2048 bits is too weak")
		}
		return Recipient{}, nil, fmt.Errorf("nothing can be encrypted for a key of the kind %s; ssh-ed25519 and ssh-rsa are fine", public.Type())
	}
	return r, key, nil
}

// label is the name behind a key.
func label(text string) string {
	text = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(text), "# \t"))
	if strings.ContainsFunc(text, isControl) || len(text) > maxSegment {
		return "" // it is no name
	}
	return text
}

// list is the file of recipients: its lines stay as they are, but for those that are added and removed.
type list struct {
	lines []string
	all   []Recipient
	keys  []age.Recipient
}

// parseList reads the file of recipients.
func parseList(file, text string) (*list, error) {
	l := &list{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		l.lines = append(l.lines, line)
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, key, err := parseRecipient(line)
		if strings.HasPrefix(line, "<<<<<<<") {
			err = errConflict
		}
		if err != nil {
			pos := diag.Pos{File: file, Line: len(l.lines)}
			return nil, (&diag.Error{Summary: err.Error(), Pos: pos}).
				WithHint("a line is a public key, age1... or ssh-ed25519 AAAA..., and whose it is; correct or remove it, then add it again: froyo secret recipients add KEY")
		}
		l.add(r, key)
	}
	return l, nil
}

func (l *list) add(r Recipient, key age.Recipient) {
	if l.index(r.Key) >= 0 {
		return
	}
	l.all, l.keys = append(l.all, r), append(l.keys, key)
}

// index finds a key, -1 for nowhere.
func (l *list) index(key string) int {
	for i, r := range l.all {
		if r.Key == key {
			return i
		}
	}
	return -1
}

// with is the list with more recipients, and how many are new.
func (l *list) with(more []Recipient) (*list, []Recipient, error) {
	out := &list{lines: slices.Clone(l.lines), all: slices.Clone(l.all), keys: slices.Clone(l.keys)}
	var added []Recipient
	for _, m := range more {
		r, key, err := parseRecipient(m.String())
		if err != nil {
			return nil, nil, err
		}
		if out.index(r.Key) >= 0 {
			continue
		}
		out.lines = append(out.lines, r.String())
		out.add(r, key)
		added = append(added, r)
	}
	return out, added, nil
}

// without is the list without the recipient of a line.
func (l *list) without(gone Recipient) (*list, error) {
	var text strings.Builder
	for i, line := range l.lines {
		if r, _, err := parseRecipient(strings.TrimSpace(line)); err == nil && r.Key == gone.Key {
			continue
		}
		text.WriteString(l.lines[i] + "\n")
	}
	return parseList(recipientsFile, text.String())
}

// bytes is the file.
func (l *list) bytes() []byte {
	if len(l.lines) == 0 {
		return nil
	}
	return []byte(strings.Join(l.lines, "\n") + "\n")
}
