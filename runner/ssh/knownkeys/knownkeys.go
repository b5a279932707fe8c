// Package knownkeys reads files of known hosts as OpenSSH does: names without
// regard to case, and lines that cannot be read are a loss only for the hosts
// that they were for.
//
// It imports runner/escape, and libraries that read such files.
package knownkeys

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// maxKnownLine is the longest line that the library reads.
const maxKnownLine = 60 << 10

// Keys are what files of known hosts say.
type Keys struct {
	*knownhosts.HostKeyDB
	original map[string]string // the files' names, by those of the copies that were read
	broken   []BrokenLine
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
	known := &Keys{original: map[string]string{}}
	dir, err := os.MkdirTemp("", "froyo-known-hosts-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the directory for such files
	var copies []string
	for i, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name := filepath.Join(dir, strconv.Itoa(i))
		known.original[name] = file
		copies = append(copies, name)
		if err := os.WriteFile(name, []byte(known.tidy(file, string(text))), 0o600); err != nil {
			return nil, err
		}
	}
	known.HostKeyDB, err = knownhosts.NewDB(copies...)
	return known, err
}

// tidy returns a file's text line by line as the library needs it: names in
// lower case, and nothing where a line is broken, which is kept for its hosts.
func (k *Keys) tidy(file, text string) string {
	var b strings.Builder
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
			at := 0
			if strings.HasPrefix(fields[0], "@") && len(fields) > 1 {
				at = 1
			}
			hashed := strings.HasPrefix(fields[at], "|")
			if !hashed {
				fields[at] = strings.ToLower(fields[at])
			}
			line = strings.Join(fields, " ")
			if err := checkKnownLine(line, fields[at]); err != nil {
				lost := BrokenLine{Place: escape.Text(file) + ":" + strconv.Itoa(number), Err: err}
				if !hashed && !strings.HasPrefix(fields[at], "@") && len(fields) > at+1 {
					lost.hosts = strings.Split(fields[at], ",")
				}
				k.broken = append(k.broken, lost)
				line = ""
			}
			b.WriteString(line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// checkKnownLine reports what keeps a line from being read.
func checkKnownLine(line, hosts string) error {
	if len(line) > maxKnownLine {
		return errors.New("the line is too long")
	}
	if _, _, _, _, _, err := ssh.ParseKnownHosts([]byte(line)); errors.Is(err, io.EOF) {
		return errors.New("it holds no key")
	} else if err != nil {
		return errors.New("its key is damaged, or of a type that froyo does not know")
	}
	if parts := strings.Split(hosts, "|"); strings.HasPrefix(hosts, "|") {
		if len(parts) != 4 || parts[1] != "1" {
			return errors.New("the hashed name is of an unknown kind")
		}
		for _, part := range parts[2:] {
			if _, err := base64.StdEncoding.DecodeString(part); err != nil {
				return errors.New("the hashed name is damaged")
			}
		}
	}
	return nil
}

// Lost is the broken line that a host's key may have been on. sure says that it
// names the host; else it is not known whom it was for.
func (k *Keys) Lost(name string) (line *BrokenLine, sure bool) {
	for i := range k.broken {
		if k.broken[i].names(name) {
			return &k.broken[i], true
		}
		if k.broken[i].hosts == nil && line == nil {
			line = &k.broken[i]
		}
	}
	return line, false
}

// names reports whether a line is for a host, by a name as knownhosts.Normalize gives it.
func (b *BrokenLine) names(name string) bool {
	found := false
	for _, pattern := range b.hosts {
		pattern, negated := strings.CutPrefix(pattern, "!")
		// Brackets are part of names here, and no sets of characters.
		quoted := strings.NewReplacer("[", `\[`, "]", `\]`).Replace(pattern)
		if ok, err := path.Match(quoted, name); ok && err == nil {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// File is the name of the file that a key was read from.
func (k *Keys) File(key xknownhosts.KnownKey) string {
	if name := k.original[key.Filename]; name != "" {
		return name
	}
	return key.Filename
}

// Place is where a key stands.
func (k *Keys) Place(key xknownhosts.KnownKey) string {
	return escape.Text(k.File(key)) + ":" + strconv.Itoa(key.Line)
}
