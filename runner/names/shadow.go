package names

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Shadow is the database of passwords and of their age.
const Shadow = "shadow"

// shadowFields is how many fields an entry of it has; older files leave out the last ones.
const shadowFields = 9

// Secret is what is told of a user's password: never the password, nor its hash.
type Secret struct {
	Entry  // 9 fields, in the place of the hash "x"
	Locked bool
	// Unset says that no password was ever set.
	Unset bool
	// Same says that the hash is the one that was asked about, whether it is locked or not.
	Same bool
}

// Secret looks a user up in the file of passwords; nil is that there is none. The file is read anew each
// time, and nothing of it is kept.
func (n *Names) Secret(name, hash string) (*Secret, error) {
	path := filepath.Join(n.etc, Shadow)
	if st := stampOf(path); st.size > maxFile {
		return nil, errors.New(path + " is too large")
	}
	text, err := os.ReadFile(path) //nolint:gosec // the path is ours
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if found, rest, is := strings.Cut(line, ":"); is && found == name && name != "" {
			return secret(name, rest, hash), nil
		}
	}
	return nil, nil
}

func secret(name, rest, hash string) *Secret {
	fields := strings.Split(rest, ":")
	kept := fields[0]
	bare := strings.TrimLeft(kept, "!")
	e := append(Entry{name, "x"}, fields[1:]...)
	for len(e) < shadowFields {
		e = append(e, "")
	}
	for i := range e {
		e[i] = strings.ToValidUTF8(e[i], "\uFFFD")
	}
	return &Secret{
		Entry: e[:shadowFields], Locked: bare != kept, Unset: kept != "" && strings.Trim(kept, "!*") == "",
		Same: hash != "" && kept != "" && bare == strings.TrimLeft(hash, "!"),
	}
}
