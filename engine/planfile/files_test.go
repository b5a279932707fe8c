package planfile

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestOverlayShowsThePlansSources(t *testing.T) {
	o := overlay{
		sources: map[string]string{"site.star": "saved", "lib/base.star": "saved too"},
		below:   fstest.MapFS{"site.star": {Data: []byte("edited since")}, "payload": {Data: []byte("bytes")}},
	}
	for name, want := range map[string]string{"site.star": "saved", "lib/base.star": "saved too", "payload": "bytes"} {
		got, err := fs.ReadFile(o, name)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := fs.ReadFile(o, "none"); err == nil {
		t.Error("a file that is nowhere was found")
	}
}
