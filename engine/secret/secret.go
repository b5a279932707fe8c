// Package secret keeps what must not be seen apart from what is made of it.
// While froyo plans and applies, a marker stands in a secret's place: text that
// cannot be guessed, from which nothing can be learned, and which can be put together,
// compared and passed on. Only the sender to a runner (Wrap) puts the value in
// its place, and only there is what hosts answer searched for values.
//
// One process is one run: values are kept in memory, for as long as it lives.
//
// It imports the contracts of the runner only.
package secret

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// Shown is what people see in place of a secret.
const Shown = "(sensitive)"

// A marker is opening, the secret's number and closing. Each process has its own;
// what looks like one and is not, is text.
const (
	nonceLen  = 16
	numberLen = 8
	begin     = "(sensitive-"
)

var (
	head = nonce()
	tail = nonce()
	// opening and closing hold a random number each, so that a marker that was cut
	// is known by what is left of it.
	opening = begin + head
	closing = tail + ")"

	markerLen = len(opening) + numberLen + len(closing)
)

func nonce() string {
	var b [nonceLen / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// registry holds the values of this process.
var registry = struct {
	sync.RWMutex
	values  []string            // by number
	numbers map[string]int      // by value
	called  map[string]string   // names of values that have one
	search  map[string][]string // values to look for in what hosts say, by their first bytes
	blobs   map[string]*op.Blob // the true content of one that holds markers, by its digest
	results map[string]string   // digests of results in which values were hidden → digests of what the host said
}{numbers: map[string]int{}, called: map[string]string{}, search: map[string][]string{}, blobs: map[string]*op.Blob{}, results: map[string]string{}}

// shortest is the length from which on a value is looked for in what hosts say.
const shortest = 4

// Add makes a text secret and returns its marker; the same text has the same
// one. Of nothing there is nothing to hide.
func Add(text string) string {
	text = Resolve(text)
	if text == "" {
		return ""
	}
	registry.Lock()
	defer registry.Unlock()
	n, known := registry.numbers[text]
	if !known {
		n = len(registry.values)
		registry.values = append(registry.values, text)
		registry.numbers[text] = n
	}
	return marker(n)
}

// Is reports whether a text is one that was made secret as a whole.
func Is(text string) bool {
	registry.RLock()
	defer registry.RUnlock()
	_, known := registry.numbers[text]
	return known && len(text) >= shortest
}

// Given is Add for a value that the operator calls a secret, not one that was made
// of others: it is looked for in all that hosts say from then on.
func Given(text string) string {
	m := Add(text)
	text = Resolve(text)
	if len(text) < shortest {
		return m
	}
	registry.Lock()
	defer registry.Unlock()
	if known := registry.search[text[:shortest]]; !slices.Contains(known, text) {
		registry.search[text[:shortest]] = append(known, text)
	}
	return m
}

// GivenAs is Given for a value that runbooks have by a name.
func GivenAs(text, name string) string {
	m := Given(text)
	registry.Lock()
	defer registry.Unlock()
	registry.called[Resolve(text)] = name
	return m
}

// calledOf names a value that has a name, else it is "".
func calledOf(text string) string {
	registry.RLock()
	defer registry.RUnlock()
	if name := registry.called[text]; name != "" {
		return "the secret " + name
	}
	return ""
}

func marker(n int) string { return fmt.Sprintf("%s%0*x%s", opening, numberLen, n, closing) }

// Any reports whether there is any secret.
func Any() bool {
	registry.RLock()
	defer registry.RUnlock()
	return len(registry.values) > 0
}

// value gives the secret whose marker a text begins with.
func value(text string) (string, bool) {
	if len(text) < markerLen || !strings.HasPrefix(text, opening) || text[markerLen-len(closing):markerLen] != closing {
		return "", false
	}
	n := 0
	for _, c := range []byte(text[len(opening) : len(opening)+numberLen]) {
		d := strings.IndexByte("0123456789abcdef", c)
		if d < 0 {
			return "", false
		}
		n = n<<4 | d
	}
	registry.RLock()
	defer registry.RUnlock()
	if n >= len(registry.values) {
		return "", false
	}
	return registry.values[n], true
}

// Marked reports whether a secret's marker stands in a text.
func Marked[T string | []byte](text T) bool {
	found := false
	replace(string(text), func(string) string { found = true; return "" })
	return found
}

// replace puts something in the place of each marker, by its value.
func replace(text string, with func(value string) string) string {
	at := strings.Index(text, opening)
	if at < 0 {
		return text
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(text, opening) {
		v, ok := value(text[at:])
		n := len(opening)
		if ok {
			n = markerLen
		}
		b.WriteString(text[:at])
		if ok {
			b.WriteString(with(v))
		} else {
			b.WriteString(text[at : at+n])
		}
		text = text[at+n:]
	}
	b.WriteString(text)
	return b.String()
}

// Resolve puts the values in the place of their markers. What it gives must go
// nowhere but to where the secret belongs, or into a keyed digest.
func Resolve(text string) string { return replace(text, func(v string) string { return v }) }

// Mask makes a text fit to be shown: each marker becomes "(sensitive)".
func Mask(text string) string {
	if !strings.Contains(text, begin) {
		return text
	}
	return replace(text, func(string) string { return Shown })
}

// Damaged reports whether a part of a marker stands in a text: something looked
// into text that holds a secret, and cut or changed it there.
func Damaged(text string) bool {
	if !Any() {
		return false
	}
	rest := strings.ToLower(replace(text, func(string) string { return "" }))
	return strings.Contains(rest, head) || strings.Contains(rest, tail)
}

// HideWhole is Hide for the beginning of a text that goes on: rest is the end of it that may be the beginning of a value.
func HideWhole(text string) (hidden, rest string) {
	registry.RLock()
	at := len(text)
	for i := 0; i < len(text); i++ {
		longest, open := 0, false
		for _, values := range registry.search {
			for _, v := range values {
				switch {
				case strings.HasPrefix(text[i:], v):
					longest = max(longest, len(v))
				case strings.HasPrefix(v, text[i:]):
					open = true
				}
			}
		}
		if open {
			at = i
			break
		}
		if longest > 0 {
			i += longest - 1
		}
	}
	registry.RUnlock()
	return Hide(text[:at]), text[at:]
}

// HideEnd puts a marker in the place of the end of a value with which a text begins of which more stood before.
func HideEnd(text string) string { return hideCut(text, true) }

// HideBeginning shows a text that may be the beginning of a value as what people see in place of one.
func HideBeginning(text string) string {
	if len(text) < shortest {
		return text
	}
	return Shown
}

// Hide puts markers in the place of the values that stand in a text. Values
// shorter than four bytes are not looked for.
func Hide(text string) string {
	registry.RLock()
	defer registry.RUnlock()
	if len(registry.search) == 0 || len(text) < shortest {
		return text
	}
	var b strings.Builder
	from := 0
	for i := 0; i+shortest <= len(text); i++ {
		longest := ""
		for _, v := range registry.search[text[i:i+shortest]] {
			if len(v) > len(longest) && strings.HasPrefix(text[i:], v) {
				longest = v
			}
		}
		if longest == "" {
			continue
		}
		b.WriteString(text[from:i])
		b.WriteString(marker(registry.numbers[longest]))
		i += len(longest) - 1
		from = i + 1
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}
