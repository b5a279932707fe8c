package abi_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// FuzzAnswer reads what a hostile guest answers, and what a guest is called
// with: what is accepted has one spelling, which is JSON for everybody.
func FuzzAnswer(f *testing.F) {
	write := op.Op{Write: &op.Write{Path: "/etc/motd", Content: op.NewBlob([]byte("hi\n"))}}
	change := &abi.Change{
		Action: abi.Update, Reason: "differs", Needs: []abi.Need{{What: "unit nginx.service", Where: "there", Hint: "install it", Kind: "service", Name: "nginx", Near: "ngnix", Paths: []string{"/etc"}, Directory: true}},
		Diffs:   []abi.Diff{{Field: "mode", Before: codec.Raw(`"0644"`), After: codec.Raw(`"0600"`)}, {Field: "content", Unknown: true}},
		Effects: []abi.Effect{{Op: write}, {Op: op.Op{Exec: &op.Exec{Argv: []string{"true"}}}, Unknown: []string{"argv"}}},
	}
	for _, reply := range []abi.Reply{
		{Need: []op.Op{{Stat: &op.Stat{Path: "/etc"}}}},
		{Actual: codec.Raw(`{"a":[1,2.5,null]}`)},
		{Change: change},
		{Outcome: &abi.Outcome{Changed: true, Outputs: codec.Raw(`{"rc":0}`), Reason: "done"}},
		{Error: &abi.Error{Class: op.Permanent, Message: "no such file", Detail: "x", Hint: "y"}},
	} {
		seed(f, abi.Answer{Replies: []abi.Reply{reply}})
	}
	seed(f, abi.Call{ABI: abi.Version, Requests: []abi.Request{{
		Type: "file", Verb: abi.Plan, Unit: codec.Raw(`{"path":"/a"}`), Unknown: []string{"content"}, Actual: codec.Raw(`null`),
		Log: []abi.Entry{{Op: write, Result: op.Result{Error: &op.Error{Class: op.Permanent, Message: "no"}}}},
	}}})
	for _, text := range []string{
		"", "null", "{}", `{"replies":null}`, `{"replies":[null,{}]}`, `{"replies":[{"need":[{}]}]}`, `{"replies":[{"actual":1e999}]}`,
		`{"replies":[{"change":{"diffs":[{"before": [ 1 ]}]}}]}`, `{"replies":[{"change":{},"change":{"action":"none"}}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		agrees[abi.Answer](t, text)
		agrees[abi.Call](t, text)
	})
}

func seed(f *testing.F, v any) {
	text, err := codec.Marshal(v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
}

// agrees decodes a text; what is accepted must come out of its own encoding
// again, and be JSON for encoding/json.
func agrees[T any](t *testing.T, text []byte) {
	var v T
	if codec.Unmarshal(text, &v) != nil {
		return
	}
	first, err := codec.Marshal(v)
	if err != nil {
		t.Fatalf("what was read cannot be written: %+v: %v", v, err)
	}
	var again T
	if err := codec.Unmarshal(first, &again); err != nil {
		t.Fatalf("what was written cannot be read: %s: %v", first, err)
	}
	if second, err := codec.Marshal(again); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%s became %s, %v", first, second, err)
	}
	if !json.Valid(first) {
		t.Fatalf("encoding/json refuses %s", first)
	}
}
