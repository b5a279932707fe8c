package schema_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/openfroyo/froyo/engine/schema"
)

func BenchmarkLoad(b *testing.B) {
	fsys := os.DirFS("../../providers/linux")
	for b.Loop() {
		if _, err := schema.Load(fsys, "linux", map[string]string{"file": "#File", "cmd": "#Cmd"}); err != nil {
			b.Fatal(err)
		}
	}
}

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
			file := typeOf(b, linux(b), "file")
			n := 0
			for b.Loop() {
				n++
				file.Check(m{"path": bb.path(n), "content": "port = 80\n", "mode": "0644", "owner": "root"}, nil)
			}
		})
	}
}
