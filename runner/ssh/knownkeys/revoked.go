package knownkeys

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// maxRevoked bounds a file of revoked keys.
const maxRevoked = 16 << 20

// RevokedError is a file of revoked keys that does not tell all of them. As with ssh, no host is trusted then.
type RevokedError struct {
	Place   string // FILE, or FILE:LINE
	Why, Do string
}

func (e *RevokedError) Error() string { return e.Place + ", " + e.Why }

// Revoke reads files of keys that no host may show, nor an authority that has signed a host's: RevokedHostKeys of
// ssh_config. Each has a public key a line; the error is a *RevokedError.
func (k *Keys) Revoke(files []string) error {
	for _, file := range files {
		text, err := readRevoked(file)
		if err != nil {
			return err
		}
		number := 0
		for line := range strings.Lines(text) {
			number++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
			if err != nil || len(options) > 0 || len(rest) > 0 {
				return &RevokedError{
					Place: escape.Text(file) + ":" + strconv.Itoa(number), Why: "which is no public key that froyo knows",
					Do: "give each key a line as ssh-keygen writes it to a .pub file, or remove the line",
				}
			}
			k.revoked[string(key.Marshal())] = xknownhosts.KnownKey{Key: key, Filename: file, Line: number}
		}
	}
	return nil
}

// readRevoked reads the text of a file of revoked keys.
func readRevoked(file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // the operator names it
	if err != nil {
		why := err.Error()
		if inPath, ok := errors.AsType[*fs.PathError](err); ok {
			why = inPath.Err.Error()
		}
		return "", &RevokedError{Place: escape.Text(file), Why: "which cannot be read: " + escape.Text(why), Do: "make it a file that you can read; an empty one revokes nothing"}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRevoked+1))
	switch {
	case err != nil || len(text) > maxRevoked:
		return "", &RevokedError{Place: escape.Text(file), Why: "which is no file of sensible size", Do: "make it a file that you can read; an empty one revokes nothing"}
	case bytes.HasPrefix(text, []byte("SSHKRL\n\x00")):
		return "", &RevokedError{Place: escape.Text(file), Why: "a KRL, which froyo does not read", Do: "list the revoked public keys in a text file, one a line, and name that"}
	}
	return string(text), nil
}
