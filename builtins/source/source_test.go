package source_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/builtins/source"
)

func TestResolvePath(t *testing.T) {
	tests := []struct{ name, from, path, want, wantErr string }{
		{name: "beside", from: "site.star", path: "a.j2", want: "a.j2"},
		{name: "beside, in a directory", from: "lib/x.star", path: "a.j2", want: "lib/a.j2"},
		{name: "above, within", from: "lib/x.star", path: "../a.j2", want: "a.j2"},
		{name: "from the root", from: "lib/x.star", path: "//b/a.j2", want: "b/a.j2"},
		{name: "cleaned", from: "site.star", path: "b/./c/../a.j2", want: "b/a.j2"},
		{name: "out", from: "site.star", path: "../a.j2", wantErr: "leads out of the workspace"},
		{name: "out, from the root", from: "lib/x.star", path: "//../a.j2", wantErr: "leads out of the workspace"},
		{name: "out, in the middle", from: "lib/x.star", path: "a/../../../b", wantErr: "leads out of the workspace"},
		{name: "absolute", from: "site.star", path: "/etc/passwd", wantErr: "is not a path in the workspace"},
		{name: "three slashes", from: "site.star", path: "///etc/passwd", wantErr: "leads out of the workspace"},
		{name: "empty", from: "site.star", path: "", wantErr: "is not a path in the workspace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := source.ResolvePath(tt.from, tt.path)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Summary, tt.wantErr) {
					t.Errorf("got %q, %v, want the error %q", got, err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
