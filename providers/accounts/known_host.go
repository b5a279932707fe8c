package accounts

import (
	"crypto/sha1" //nolint:gosec // what OpenSSH hashes names with
	"encoding/base64"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// KnownHost are keys of an SSH server. Its fields are described in known_host.cue.
type KnownHost struct {
	Name     string `json:"name"`
	Key      any    `json:"key"` // a string, or a list of strings
	State    string `json:"state"`
	User     string `json:"user"`
	Path     string `json:"path"`
	HashHost bool   `json:"hash_host"`
}

// KnownHostState is what is known of the file.
type KnownHostState struct{ sshState }

// file is the user's, or that of all.
func (k KnownHost) file() sshFile {
	f := sshFile{User: k.User, Path: k.Path, Name: "known_hosts", Mode: 0o600, Dir: true}
	if k.User == "" {
		f.User, f.Mode = "root", 0o644
		if f.Path == "" {
			f.Path = "/etc/ssh/ssh_known_hosts"
		}
	}
	return f
}

// Read implements sdk.Resource.
func (k KnownHost) Read(t *sdk.T) KnownHostState { return KnownHostState{k.file().read(t)} }

// Plan implements sdk.Resource.
func (k KnownHost) Plan(t *sdk.T, now KnownHostState) {
	if t.Unknown("key") {
		need(t, "", now.Lacks)
		t.DifferUnknown("content", nil)
		k.file().potential(t)
	} else {
		want := k.keys(t)
		k.file().plan(t, now.sshState, k.State == absent, func(text string) string { return k.edit(text, want) })
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (k KnownHost) Potential(t *sdk.T) { k.file().potential(t) }

// keys are the keys without a name; one of another server is refused.
func (k KnownHost) keys(t *sdk.T) []publicKey {
	var all []publicKey
	for _, key := range keys(t, k.Key) {
		if key.before != "" && !k.named(key.before) {
			t.Fail(op.Permanent, "a key is not that of "+k.Name+", but of "+key.before, "", "give name as it stands before the key, or leave it out there")
		}
		key.before, key.comment = "", ""
		if !slices.ContainsFunc(all, key.is) {
			all = append(all, key)
		}
	}
	return all
}

// named reports whether the names at the beginning of a line, which are hashed or not, are those of the server.
func (k KnownHost) named(names string) bool {
	if salt, hash, ok := strings.Cut(strings.TrimPrefix(names, "|1|"), "|"); ok && strings.HasPrefix(names, "|1|") {
		raw, err := base64.StdEncoding.DecodeString(salt)
		return err == nil && hash == hashed(raw, k.Name)
	}
	return slices.Contains(strings.Split(names, ","), k.Name)
}

// edit makes sure of the keys, or takes them away.
func (k KnownHost) edit(text string, want []publicKey) string {
	var out strings.Builder
	there := make([]bool, len(want))
	for _, line := range textfile.Lines(text) {
		has, ok := parseKey(line)
		if !ok || has.before == "" || !k.named(has.before) {
			out.WriteString(line)
			continue
		}
		at := slices.IndexFunc(want, has.is)
		switch {
		case k.State == absent && at < 0 && len(want) > 0:
			out.WriteString(line)
		case k.State == absent:
			out.WriteString(k.others(has))
		case at >= 0 && !there[at] && strings.HasPrefix(has.before, "|") == k.HashHost:
			there[at] = true
			out.WriteString(line)
		case at < 0 && !slices.ContainsFunc(want, func(w publicKey) bool { return w.kind == has.kind }):
			out.WriteString(line)
		default:
			out.WriteString(k.others(has))
		}
	}
	if k.State == absent {
		return out.String()
	}
	for i, key := range want {
		if there[i] {
			continue
		}
		if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
			out.WriteByte('\n')
		}
		key.before = k.Name
		if k.HashHost {
			key.before = k.hidden(key)
		}
		out.WriteString(key.line() + "\n")
	}
	return out.String()
}

// others is a line without the server's name: with the other names that stand there, or nothing.
func (k KnownHost) others(has publicKey) string {
	names := slices.DeleteFunc(strings.Split(has.before, ","), func(name string) bool { return name == k.Name })
	if strings.HasPrefix(has.before, "|") || len(names) == 0 {
		return ""
	}
	has.before = strings.Join(names, ",")
	return has.line() + "\n"
}

// hidden is the server's name as a hash. A guest has no random numbers: the salt is made of the key, which no other
// server has.
func (k KnownHost) hidden(key publicKey) string {
	salt := sha1.Sum([]byte(k.Name + "\x00" + key.key)) //nolint:gosec // as OpenSSH
	return "|1|" + base64.StdEncoding.EncodeToString(salt[:]) + "|" + hashed(salt[:], k.Name)
}

// hashed is HMAC-SHA1 of a name, in base64.
func hashed(salt []byte, name string) string {
	const block = 64
	if len(salt) > block {
		sum := sha1.Sum(salt) //nolint:gosec // as OpenSSH
		salt = sum[:]
	}
	inner, outer := make([]byte, block), make([]byte, block)
	copy(inner, salt)
	copy(outer, salt)
	for i := range block {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	in := sha1.Sum(append(inner, name...))   //nolint:gosec // as OpenSSH
	sum := sha1.Sum(append(outer, in[:]...)) //nolint:gosec // as OpenSSH
	return base64.StdEncoding.EncodeToString(sum[:])
}
