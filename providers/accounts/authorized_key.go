package accounts

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// AuthorizedKey are keys that let in as a user. Its fields are described in authorized_key.cue.
type AuthorizedKey struct {
	User       string  `json:"user"`
	Key        any     `json:"key"` // a string, or a list of strings
	State      string  `json:"state"`
	KeyOptions string  `json:"key_options"`
	Comment    *string `json:"comment"`
	Exclusive  bool    `json:"exclusive"`
	ManageDir  bool    `json:"manage_dir"`
	Path       string  `json:"path"`
}

// AuthorizedKeyState is what is known of the file.
type AuthorizedKeyState struct{ sshState }

func (a AuthorizedKey) file() sshFile {
	return sshFile{User: a.User, Path: a.Path, Name: "authorized_keys", Mode: 0o600, Dir: a.ManageDir}
}

// Read implements sdk.Resource.
func (a AuthorizedKey) Read(t *sdk.T) AuthorizedKeyState {
	return AuthorizedKeyState{a.file().read(t)}
}

// Plan implements sdk.Resource.
func (a AuthorizedKey) Plan(t *sdk.T, now AuthorizedKeyState) {
	if t.Unknown("key") {
		need(t, "", now.Lacks)
		t.DifferUnknown("content", nil)
		a.file().potential(t)
	} else {
		want := a.keys(t)
		a.file().plan(t, now.sshState, a.State == absent, func(text string) string {
			if a.State == absent {
				return withoutKeys(text, want)
			}
			return withKeys(text, want, a.Exclusive)
		})
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (a AuthorizedKey) Potential(t *sdk.T) { a.file().potential(t) }

// keys are the keys as they are to stand in the file, each once.
func (a AuthorizedKey) keys(t *sdk.T) []publicKey {
	var all []publicKey
	for _, k := range keys(t, a.Key) {
		if a.KeyOptions != "" {
			k.before = strings.TrimSpace(a.KeyOptions)
		}
		if a.Comment != nil {
			k.comment = strings.TrimSpace(*a.Comment)
		}
		if again, ok := parseKey(k.line()); !ok || again != k {
			t.Fail(op.Permanent, "key_options "+strconv.Quote(k.before)+" are no options of a key: blanks stand in quotes only", "",
				`write them with commas and without blanks: key_options = "no-pty,no-X11-forwarding"`)
		}
		if !slices.ContainsFunc(all, k.is) {
			all = append(all, k)
		}
	}
	return all
}

// withKeys makes sure of keys, where they are, or else at the end.
func withKeys(text string, want []publicKey, exclusive bool) string {
	var out strings.Builder
	there := make([]bool, len(want))
	for _, line := range textfile.Lines(text) {
		has, ok := parseKey(line)
		at := -1
		if ok {
			at = slices.IndexFunc(want, has.is)
		}
		bare := strings.TrimSpace(line)
		switch {
		case at >= 0 && there[at]: // again
		case at >= 0 && has == want[at]:
			there[at] = true
			out.WriteString(line)
		case at >= 0:
			there[at] = true
			out.WriteString(want[at].line() + "\n")
		case !exclusive || bare == "" || bare[0] == '#': // what is no key that can be read may be one that sshd can
			out.WriteString(line)
		}
	}
	for i, k := range want {
		if there[i] {
			continue
		}
		if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
			out.WriteByte('\n')
		}
		out.WriteString(k.line() + "\n")
	}
	return out.String()
}

// withoutKeys takes keys away.
func withoutKeys(text string, gone []publicKey) string {
	var out strings.Builder
	for _, line := range textfile.Lines(text) {
		if has, ok := parseKey(line); !ok || !slices.ContainsFunc(gone, has.is) {
			out.WriteString(line)
		}
	}
	return out.String()
}
