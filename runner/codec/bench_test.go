package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type entry struct {
	Op     op.Op     `json:"op"`
	Result op.Result `json:"result"`
}

// exchange is a list of ops and results of the usual kind and size.
func exchange() []entry {
	return []entry{
		{op.Op{Stat: &op.Stat{Path: "/etc/app.conf"}}, op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o644, Owner: "root", Group: "root", Size: 812}}},
		{op.Op{Read: &op.Read{Path: "/etc/app.conf", Limit: 1 << 20, Unless: op.Sum(nil)}}, op.Result{Read: &op.ReadResult{Exists: true, Regular: true, Size: 812, Sum: op.Sum(nil)}}},
		{op.Op{Exec: &op.Exec{Shell: "test -e /x", Env: []string{"LANG=C"}, ReadOnly: true}}, op.Result{Exec: &op.ExecResult{RC: 1, Stderr: "no\n"}}},
	}
}

func BenchmarkMarshal(b *testing.B) {
	run := func(b *testing.B, marshal func(any) ([]byte, error)) {
		v := exchange()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := marshal(&v); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("codec", func(b *testing.B) { run(b, codec.Marshal) })
	b.Run("standard", func(b *testing.B) { run(b, json.Marshal) })
}

func BenchmarkUnmarshal(b *testing.B) {
	run := func(b *testing.B, unmarshal func([]byte, any) error) {
		in, err := codec.Marshal(exchange())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			var v []entry
			if err := unmarshal(in, &v); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("codec", func(b *testing.B) { run(b, codec.Unmarshal) })
	b.Run("standard", func(b *testing.B) { run(b, json.Unmarshal) })
}
