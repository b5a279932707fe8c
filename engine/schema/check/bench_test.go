package check_test

import (
	"fmt"
	"testing"

	"github.com/openfroyo/froyo/engine/schema/schematest"
)

// BenchmarkCheck tells calls apart by what has to be done for them.
func BenchmarkCheck(b *testing.B) {
	benchmarks := []struct {
		name string
		path func(n int) string
	}{
		{"new", func(n int) string { return fmt.Sprintf("/srv/%d", n) }},
		{"seen", func(int) string { return "/srv" }},
		{"wrong", func(n int) string { return fmt.Sprintf("srv/%d", n) }}, // goes to CUE
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			file := schematest.TypeOf(b, schematest.Linux(b, linux), "file")
			n := 0
			for b.Loop() {
				n++
				checker.Check(file, m{"path": bb.path(n), "content": "port = 80\n", "mode": "0644", "owner": "root"}, nil)
			}
		})
	}
}
