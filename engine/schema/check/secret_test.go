package check_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/schema/schematest"
	"github.com/openfroyo/froyo/engine/secret"
)

// TestSecretIsJudged: a secret is held against the type by what it is, and neither it nor CUE's words about it are told.
func TestSecretIsJudged(t *testing.T) {
	typ := schematest.Define(t, `#Thing: {
	key: string @key()
	hash?: string & =~"^[$]6[$][a-z]+$" @expect("a hash")
	word?: string & =~"^[a-z]+$"
	list?: [...string & =~"^[a-z]+$"]
	a?: string
	b?: string
	if a != _|_ {if b != _|_ {a: b}}
}`)
	for _, tt := range []struct {
		name, field string
		value       any
		want        string // what is wrong, "" for nothing
	}{
		{"right", "hash", secret.Add("$6$righthash"), ""},
		{"wrong", "hash", secret.Add("$6$wrong\nhash"), "hash: want a hash, got a sensitive value that is not that"},
		{"wrong without words", "word", secret.Add("WRONGWORD"), "word: want another value, got a sensitive value that is not that"},
		{"a part of a text", "hash", "$6$" + secret.Add("righthash"), ""},
		{"a wrong part of a text", "hash", "$6$" + secret.Add("wrong:hash"), "hash: want a hash, got a sensitive value that is not that"},
		{"in a list", "list", l{"plain", secret.Add("righthash")}, ""},
		{"wrong in a list", "list", l{"plain", secret.Add("WRONGHASH")}, "list: want another value, got a sensitive value that is not that"},
		{"that is no text", "b", secret.GivenAs("\xff\xfe1", "env:PW"), "b: the secret env:PW is not valid UTF-8, and only the content of a file may be such"},
		{"that does not fit another", "a", secret.Add("wrongfit"), "the arguments do not fit together; how is sensitive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := m{"key": "k", tt.field: tt.value}
			if tt.field == "a" {
				args["b"] = "other"
			}
			checked, problems := new(check.Checker).Check(typ, args, nil)
			var said []string
			for _, p := range problems {
				said = append(said, p.Message+" "+p.Hint)
			}
			got := strings.TrimSpace(strings.Join(said, "\n"))
			if got != tt.want || strings.Contains(got, "rong\nhash") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.want == "" && (checked == nil || !secret.Marked(string(checked.Args)) || strings.Contains(string(checked.Args), "righthash")) {
				t.Errorf("the arguments are %+v, want the marker in them", checked)
			}
		})
	}
}
