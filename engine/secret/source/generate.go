package source

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// What a generated secret may be long.
const (
	shortestMade = 8
	longestMade  = 1024
)

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	// marks need no quotes in a shell, in a URL and in configuration files.
	marks = "-_."
)

// makers make a secret of n characters or bytes.
var makers = map[string]func(r *stream, n int) string{
	"password":     password,
	"alphanumeric": func(r *stream, n int) string { return r.text(letters+digits, n) },
	"hex":          func(r *stream, n int) string { return hex.EncodeToString(r.bytes(n)) },
	"base64":       func(r *stream, n int) string { return base64.StdEncoding.EncodeToString(r.bytes(n)) },
	"uuid":         func(r *stream, _ int) string { return uuid(r.bytes(16)) },
}

// Forms lists what generate can be.
func Forms() []string {
	return []string{"password(24)", "alphanumeric(20)", "hex(32)", "base64(32)", "uuid()"}
}

// maker makes a secret.
type maker func(r *stream) string

// parse reads how a secret is made: "password(24)".
func parse(spec string) (maker, error) {
	kind, rest, has := strings.Cut(strings.TrimSpace(spec), "(")
	arg, closed := strings.CutSuffix(rest, ")")
	make, known := makers[kind]
	wrong := func(format string, args ...any) *diag.Error {
		return refused("generate %q: %s", spec, fmt.Sprintf(format, args...))
	}
	switch {
	case !known:
		e := wrong("there is no such form")
		if near := diag.Nearest(kind, slices.Sorted(maps.Keys(makers))); near != "" {
			return nil, e.WithHint("did you mean %s?", formOf(near))
		}
		return nil, e.WithHint("one of %s", strings.Join(Forms(), ", "))
	case !has || !closed:
		return nil, wrong("expected a length in parentheses").WithHint("such as %s", formOf(kind))
	case kind == "uuid" && arg != "":
		return nil, wrong("it takes no length").WithHint("uuid()")
	case kind == "uuid":
		return func(r *stream) string { return make(r, 0) }, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(arg))
	if err != nil || n < shortestMade || n > longestMade {
		return nil, wrong("expected a length from %d to %d", shortestMade, longestMade).WithHint("such as %s", formOf(kind))
	}
	return func(r *stream) string { return make(r, n) }, nil
}

// formOf is a form of a kind, as an example.
func formOf(kind string) string {
	i := slices.IndexFunc(Forms(), func(f string) bool { return strings.HasPrefix(f, kind+"(") })
	return Forms()[i]
}

// Check refuses what does not say how a secret is made.
func Check(spec string) error {
	_, err := parse(spec)
	return err
}

// Generate makes a secret of the workspace's key, which nobody else has, its name, how it is made, and a nonce: the same of the
// same, so that a plan can speak of it before it is kept.
func Generate(spec, name, nonce string, seal func([]byte) string) (string, error) {
	make, err := parse(spec)
	if err != nil {
		return "", err
	}
	return make(&stream{seal: seal, of: strings.Join([]string{"froyo generated secret", nonce, name, spec}, "\x00")}), nil
}

// stream gives bytes that only the key's owner can compute.
type stream struct {
	seal func([]byte) string
	of   string
	n    int
	rest []byte
}

func (r *stream) bytes(n int) []byte {
	for len(r.rest) < n {
		block, err := hex.DecodeString(r.seal([]byte(r.of + "\x00" + strconv.Itoa(r.n))))
		if err != nil || len(block) == 0 {
			panic("a keyed digest is not hexadecimal") // all are
		}
		r.rest = append(r.rest, block...)
		r.n++
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

// text gives characters of an alphabet, each as likely as the others.
func (r *stream) text(alphabet string, n int) string {
	fair := byte(256/len(alphabet)*len(alphabet) - 1)
	var b strings.Builder
	for b.Len() < n {
		if c := r.bytes(1)[0]; c <= fair {
			b.WriteByte(alphabet[int(c)%len(alphabet)])
		}
	}
	return b.String()
}

// password has characters of all classes, since some programs want that, and begins with a letter or digit.
func password(r *stream, n int) string {
	for {
		text := r.text(letters+digits+marks, n)
		if strings.ContainsAny(text[:1], marks) {
			continue
		}
		all := true
		for _, class := range []string{letters[:26], letters[26:], digits, marks} {
			all = all && strings.ContainsAny(text, class)
		}
		if all {
			return text
		}
	}
}

// uuid is one of version 4.
func uuid(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
