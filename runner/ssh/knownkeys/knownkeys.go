// Package knownkeys reads files of known hosts as OpenSSH does: names without
// regard to case, and lines that cannot be read are a loss only for the hosts
// that they were for.
//
// It imports runner/escape, and libraries that read such files.
package knownkeys

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the kind that such files have
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// maxKnownLine is the longest line that the library reads.
const maxKnownLine = 60 << 10

// Keys are what files of known hosts say.
type Keys struct {
	lines   []line
	revoked map[string]xknownhosts.KnownKey // by the key
	broken  []BrokenLine
}

// line is one line that says who has a key.
type line struct {
	authority  bool     // the key is that of an authority, which signs keys of hosts
	patterns   []string // in lower case; none where the name is hashed
	salt, hash []byte
	key        xknownhosts.KnownKey
}

// BrokenLine is a line that says nothing. It is a loss only for the hosts that it was for.
type BrokenLine struct {
	Place string   // FILE:LINE
	hosts []string // patterns in lower case; none where the line does not tell
	Err   error
}

// Read reads those of the files that exist. Names are compared
// without regard to case, as ssh does.
func Read(files []string) (*Keys, error) {
	known := &Keys{revoked: map[string]xknownhosts.KnownKey{}}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		number := 0
		for text := range strings.Lines(string(text)) {
			number++
			known.read(file, number, strings.Fields(text))
		}
	}
	return known, nil
}

// read reads a line of a file. One that is broken is kept for its hosts.
func (k *Keys) read(file string, number int, fields []string) {
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return
	}
	marker := ""
	if strings.HasPrefix(fields[0], "@") && len(fields) > 1 {
		marker, fields = fields[0], fields[1:]
	}
	hashed := strings.HasPrefix(fields[0], "|")
	l := line{authority: marker == "@cert-authority"}
	err := l.parse(marker, fields)
	if err != nil {
		lost := BrokenLine{Place: escape.Text(file) + ":" + strconv.Itoa(number), Err: err}
		if !hashed && !strings.HasPrefix(fields[0], "@") && len(fields) > 1 {
			lost.hosts = strings.Split(strings.ToLower(fields[0]), ",")
		}
		k.broken = append(k.broken, lost)
		return
	}
	l.key.Filename, l.key.Line = file, number
	if marker == "@revoked" { // whatever host shows it
		k.revoked[string(l.key.Key.Marshal())] = l.key
		return
	}
	k.lines = append(k.lines, l)
}

// parse reads whose key it is, and the key. The error is what keeps it from being read.
func (l *line) parse(marker string, fields []string) error {
	size := len(marker)
	for _, f := range fields {
		size += len(f) + 1
	}
	switch {
	case size > maxKnownLine:
		return errors.New("the line is too long")
	case marker != "" && marker != "@cert-authority" && marker != "@revoked":
		return errors.New("it begins with " + escape.Text(marker) + ", which is not known")
	case len(fields) < 3:
		return errors.New("it holds no key")
	}
	damaged := errors.New("its key is damaged, or of a type that froyo does not know")
	blob, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return damaged
	}
	if l.key.Key, err = ssh.ParsePublicKey(blob); err != nil || l.key.Key.Type() != fields[1] {
		return damaged
	}
	hashed, ok := strings.CutPrefix(fields[0], "|")
	if !ok {
		l.patterns = strings.Split(strings.ToLower(fields[0]), ",")
		return nil
	}
	parts := strings.Split(hashed, "|")
	if len(parts) != 3 || parts[0] != "1" {
		return errors.New("the hashed name is of an unknown kind")
	}
	var errs [2]error
	l.salt, errs[0] = base64.StdEncoding.DecodeString(parts[1])
	l.hash, errs[1] = base64.StdEncoding.DecodeString(parts[2])
	if errors.Join(errs[:]...) != nil {
		return errors.New("the hashed name is damaged")
	}
	return nil
}

// is reports whether a line is for a host, by a name as knownhosts.Normalize gives it.
func (l *line) is(name string) bool {
	if l.patterns == nil {
		sum := hmac.New(sha1.New, l.salt) //nolint:gosec // the kind that such files have
		sum.Write([]byte(name))
		return hmac.Equal(sum.Sum(nil), l.hash)
	}
	return names(l.patterns, name)
}

// Of returns the keys of a host, and those of the authorities that may sign them, by a name in lower
// case as knownhosts.Normalize gives it.
func (k *Keys) Of(name string) (keys, authorities []xknownhosts.KnownKey) {
	if name == "" { // which patterns would match
		return nil, nil
	}
	for i := range k.lines {
		switch l := &k.lines[i]; {
		case !l.is(name):
		case l.authority:
			authorities = append(authorities, l.key)
		default:
			keys = append(keys, l.key)
		}
	}
	return keys, authorities
}

// Revoked is the line that revokes a key, or the authority that has signed it.
func (k *Keys) Revoked(key ssh.PublicKey) (xknownhosts.KnownKey, bool) {
	if cert, ok := key.(*ssh.Certificate); ok {
		if line, found := k.Revoked(cert.SignatureKey); found {
			return line, true
		}
		key = cert.Key
	}
	line, found := k.revoked[string(key.Marshal())]
	return line, found
}

// Find returns the line among some that holds a key.
func Find(lines []xknownhosts.KnownKey, key ssh.PublicKey) (xknownhosts.KnownKey, bool) {
	i := slices.IndexFunc(lines, func(l xknownhosts.KnownKey) bool { return bytes.Equal(l.Key.Marshal(), key.Marshal()) })
	if i < 0 {
		return xknownhosts.KnownKey{}, false
	}
	return lines[i], true
}

// Lost is the broken line that a host's key may have been on. sure says that it
// names the host; else it is not known whom it was for.
func (k *Keys) Lost(name string) (line *BrokenLine, sure bool) {
	for i := range k.broken {
		if names(k.broken[i].hosts, name) {
			return &k.broken[i], true
		}
		if k.broken[i].hosts == nil && line == nil {
			line = &k.broken[i]
		}
	}
	return line, false
}

// names reports whether patterns are for a host. Brackets are part of names, and no sets of characters.
func names(patterns []string, name string) bool {
	found := false
	for _, pattern := range patterns {
		pattern, negated := strings.CutPrefix(pattern, "!")
		same := pattern == name
		if !same && strings.ContainsAny(pattern, "*?") {
			same, _ = path.Match(quote.Replace(pattern), name) // there is no wrong pattern without brackets
		}
		if same {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

var quote = strings.NewReplacer("[", `\[`, "]", `\]`, `\`, `\\`)

// Place is where a key stands.
func Place(key xknownhosts.KnownKey) string {
	return escape.Text(key.Filename) + ":" + strconv.Itoa(key.Line)
}
