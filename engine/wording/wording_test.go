package wording_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/op/optest"
)

// TestEveryFieldHasWords: an op that differs in one field reads differently.
func TestEveryFieldHasWords(t *testing.T) {
	variants := optest.Variants()
	for _, v := range variants {
		one, two := wording.Effect(abi.Effect{Op: v.One}, "root", ""), wording.Effect(abi.Effect{Op: v.Two}, "root", "")
		if one == two {
			t.Errorf("%s: both read %q", v, one)
		}
		open := wording.Effect(abi.Effect{Op: v.One, Unknown: []string{v.Field}}, "root", "")
		if !strings.Contains(open, "known after apply: "+v.Field) {
			t.Errorf("%s: %q does not say what is open", v, open)
		}
	}
	t.Logf("%d variants of %d kinds of op", len(variants), len(optest.Kinds()))
}

// TestWordsCannotBeForged: what a provider says stays within its place.
func TestWordsCannotBeForged(t *testing.T) {
	for _, tt := range []struct {
		op   op.Op
		want string
	}{
		{op.Op{Remove: &op.Remove{Path: "/a\x1b[2K\rwrites /b"}}, `removes $'/a\x1b[2K\rwrites /b'`},
		{op.Op{Exec: &op.Exec{Shell: "true # \\nrm -rf /x"}}, `runs /bin/sh -c 'true # \nrm -rf /x' as the login user`},
		{op.Op{Exec: &op.Exec{Shell: "true # \nrm -rf /x\\n'"}}, `runs /bin/sh -c $'true # \nrm -rf /x\\n\'' as the login user`},
		{op.Op{Link: &op.Link{Path: "/a", Target: "/b (owner root)"}}, `links /a to '/b (owner root)'`},
		{op.Op{Exec: &op.Exec{Shell: "a\u202eb"}}, `runs /bin/sh -c $'a\u{202e}b' as the login user`},
		{op.Op{Attr: &op.Attr{Path: "/a", Attributes: op.Attributes{Mode: new(uint32(0o7755)), Owner: "x, group y"}}}, `sets /a to mode 7755 setuid setgid sticky, owner 'x, group y'`},
	} {
		if got := wording.Effect(abi.Effect{Op: tt.op}, "", ""); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestTheUserIsTold where a program runs: the unit's own, or a file's check.
func TestTheUserIsTold(t *testing.T) {
	for _, o := range []op.Op{
		{Exec: &op.Exec{Argv: []string{"id"}}},
		{Write: &op.Write{Path: "/a", Content: op.NewBlob(nil), Check: "visudo -cf %s"}},
	} {
		if got := wording.Effect(abi.Effect{Op: o}, "web", ""); !strings.Contains(got, " as web") {
			t.Errorf("%q does not say as whom", got)
		}
	}
}
