package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// Content takes over contents that may hold markers, such as a unit's. Their
// digests are known from then on as those of the true content.
func Content(blobs map[string]*op.Blob) error {
	for _, b := range blobs {
		text, err := read(b)
		if err != nil {
			return err
		}
		if Marked(text) {
			keepBlob(b.Sum, op.NewBlob([]byte(Resolve(text))))
		}
	}
	return nil
}

func keepBlob(sum string, real *op.Blob) {
	registry.Lock()
	defer registry.Unlock()
	registry.blobs[sum] = real
}

// IsMarkedSum reports whether a digest is that of a content that holds markers.
func IsMarkedSum(sum string) bool { return blob(sum) != nil }

// blob gives the true content in whose place one with markers stands, or nil.
func blob(sum string) *op.Blob {
	registry.RLock()
	defer registry.RUnlock()
	return registry.blobs[sum]
}

func read(b *op.Blob) (string, error) {
	if b.Open == nil {
		return "", nil
	}
	r, err := b.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

// Canonical puts what a JSON text speaks of in the place of markers and of the
// digests of contents that hold some, so that it is the same in every run. It is
// for keyed digests only.
func Canonical(text []byte) []byte {
	return []byte(replaceSums(resolveJSON(string(text)), func(sum string) string { return sum }))
}

// replaceSums puts something in the place of digests of contents that hold
// markers, by the digest of the true content.
func replaceSums(text string, with func(sum string) string) string {
	const digits = 64
	registry.RLock()
	defer registry.RUnlock()
	if len(registry.blobs) == 0 {
		return text
	}
	var b strings.Builder
	from, run := 0, 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i] >= 'a' && text[i] <= 'f') {
			run++
			continue
		}
		if run == digits {
			if real := registry.blobs[text[i-digits:i]]; real != nil {
				b.WriteString(text[from : i-digits])
				b.WriteString(with(real.Sum))
				from = i
			}
		}
		run = 0
	}
	b.WriteString(text[from:])
	return b.String()
}

// resolveJSON is Resolve within a JSON text.
func resolveJSON(text string) string {
	return replace(text, func(v string) string { return Quoted(v) })
}

// Quoted is a text as it stands between the quotes of a JSON string.
func Quoted(text string) string {
	q, err := json.Marshal(text)
	if err != nil {
		panic("a text cannot be written as JSON: " + err.Error()) // every text can
	}
	return string(q[1 : len(q)-1])
}

// Reference stands for a secret in what is kept: the digest of its value, keyed
// with a key of the workspace, by which a value that is given again is known.
func Reference(text string, seal func([]byte) string) string {
	return seal([]byte("froyo sensitive value\x00" + text))
}

// Kept makes a text fit to be kept: each marker becomes one that is the same in
// every run, with a keyed digest of the value.
func Kept(text string, seal func([]byte) string) string {
	return replace(text, func(v string) string { return Name(v, seal) })
}

// Name stands for a name that says what must not be seen. It is the same in every run.
func Name(text string, seal func([]byte) string) string {
	return "(sensitive " + Reference(Resolve(text), seal)[:16] + ")"
}

// A reference is how a value stands among kept variables: an object with one of these fields.
const (
	referenceKey = "$sensitive" // of a value that is a secret
	withheldKey  = "$withheld"  // of one that is kept out, but that was not marked as a secret
)

// KeptValue is Kept for plain data: a secret that is a whole value becomes a
// reference, which Restore reads, and so does a text that withhold picks; withhold may be nil.
func KeptValue(v any, seal func([]byte) string, withhold func(text string) bool) any {
	switch v := v.(type) {
	case string:
		if whole, ok := value(v); ok && len(v) == markerLen {
			return map[string]any{referenceKey: Reference(whole, seal)}
		}
		if withhold != nil && withhold(v) {
			return map[string]any{withheldKey: Reference(v, seal)}
		}
		return Kept(v, seal)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = KeptValue(e, seal, withhold)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = KeptValue(e, seal, withhold)
		}
		return out
	}
	return v
}

// reference reads a reference.
func reference(v any) (key, digest string, ok bool) {
	m, isMap := v.(map[string]any)
	if !isMap || len(m) != 1 {
		return "", "", false
	}
	for _, key = range []string{referenceKey, withheldKey} {
		if digest, ok = m[key].(string); ok {
			return key, digest, true
		}
	}
	return "", "", false
}

// HasReference reports whether plain data lacks a value that KeptValue left out.
func HasReference(v any) bool {
	if _, _, is := reference(v); is {
		return true
	}
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, HasReference)
	case map[string]any:
		for _, e := range v {
			if HasReference(e) {
				return true
			}
		}
	}
	return false
}

// errOther is a value that is not the one that was left out.
var errOther = errors.New("not the value that it was")

// Restore puts the values in the place of references that stand at the same place
// in again; each must be what it was.
func Restore(kept, again any, seal func([]byte) string) (any, error) {
	if key, digest, is := reference(kept); is {
		marked, ok := Mark(again).(string)
		text := Resolve(marked)
		switch {
		case !ok || !hmac.Equal([]byte(Reference(text, seal)), []byte(digest)):
			return nil, errOther
		case key == withheldKey:
			return text, nil
		}
		return marked, nil
	}
	switch kept := kept.(type) {
	case []any:
		list, ok := again.([]any)
		if !ok || len(list) != len(kept) {
			return nil, errOther
		}
		out := make([]any, len(kept))
		for i := range kept {
			var err error
			if out[i], err = Restore(kept[i], list[i], seal); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		m, ok := again.(map[string]any)
		if !ok {
			return nil, errOther
		}
		out := make(map[string]any, len(kept))
		for k, e := range kept {
			var err error
			if out[k], err = Restore(e, m[k], seal); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return kept, nil
}

// KeptJSON is Kept for a JSON text. Digests of contents that hold markers become
// keyed ones of what they stand for.
func KeptJSON(text []byte, seal func([]byte) string) []byte {
	return []byte(replaceSums(Kept(string(text), seal), func(sum string) string {
		return seal([]byte("froyo sensitive content\x00" + sum))
	}))
}

// Mark makes every text and number within plain data secret.
func Mark(v any) any {
	return rebuilt(v, func(leaf any) any {
		switch leaf := leaf.(type) {
		case string:
			return Given(leaf)
		case int64, float64:
			text, err := json.Marshal(leaf)
			if err != nil {
				panic("a number cannot be written as JSON: " + err.Error()) // YAML's .inf
			}
			return Given(string(text))
		}
		return leaf
	})
}

// ResolveValue is Resolve for plain data.
func ResolveValue(v any) any {
	return rebuilt(v, func(leaf any) any {
		if text, ok := leaf.(string); ok {
			return Resolve(text)
		}
		return leaf
	})
}

// MaskValue is Mask for plain data.
func MaskValue(v any) any {
	return rebuilt(v, func(leaf any) any {
		if text, ok := leaf.(string); ok {
			return Mask(text)
		}
		return leaf
	})
}

// rebuilt copies plain data, with what is no list or map as leaf makes it.
func rebuilt(v any, leaf func(any) any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rebuilt(e, leaf)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = rebuilt(e, leaf)
		}
		return out
	}
	return leaf(v)
}

// MarkedValue reports whether plain data holds a marker, keys of maps included.
func MarkedValue(v any) bool { return within(v, Marked[string]) }

// DamagedValue is Damaged for plain data.
func DamagedValue(v any) bool { return within(v, Damaged) }

func within(v any, holds func(string) bool) bool {
	switch v := v.(type) {
	case string:
		return holds(v)
	case []any:
		for _, e := range v {
			if within(e, holds) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if holds(k) || within(e, holds) {
				return true
			}
		}
	}
	return false
}

// Unkept is a keyed digest where nothing is kept: its key ends with the process.
func Unkept(data []byte) string {
	mac := hmac.New(sha256.New, []byte(head+tail))
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}
