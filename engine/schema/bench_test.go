package schema_test

import (
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
