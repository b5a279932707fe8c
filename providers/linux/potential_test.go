package linux_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

func TestPotentialEffects(t *testing.T) {
	for _, tt := range []struct {
		name, typ, args string
		unknown         []string
		want            []string // kind and subject of each effect
	}{
		{"a file", "file", `{"path":"/a","state":"present","content":` + reference(op.NewBlob([]byte("x"))) + `,"mode":"0600"}`, nil, []string{"file.write /a", "file.attr /a"}},
		{"a file as it comes", "file", `{"path":"/a","state":"present"}`, nil, []string{"file.write /a"}},
		{"a file with an unknown owner", "file", `{"path":"/a","state":"present"}`, []string{"owner"}, []string{"file.write /a", "file.attr /a"}},
		{"no file", "file", `{"path":"/a","state":"absent"}`, nil, []string{"file.remove /a"}},
		{"a directory", "file", `{"path":"/a","state":"directory","mode":"0755","recurse":true}`, nil, []string{"file.mkdir /a", "file.attr /a"}},
		{"a link", "file", `{"path":"/a","state":"link","target":"b","owner":"root"}`, nil, []string{"file.link /a", "file.attr /a"}},
		{"a file whose state is known later", "file", `{"path":"/a"}`, []string{"state"}, []string{"file.write /a", "file.remove /a", "file.mkdir /a"}},
		{"a command", "cmd", `{"command":"true","creates":"/x","changed_when":true}`, nil, []string{"exec true"}},
		{"a package", "pkg", `{"name":"nginx","state":"present"}`, nil, []string{"pkg.ensure nginx"}},
		{"a package whose state is known later", "pkg", `{"name":"nginx"}`, []string{"state"}, []string{"pkg.ensure nginx"}},
		{"a service", "service", `{"name":"nginx","state":"running"}`, nil, []string{"svc.ensure nginx.service"}},
		{"a service whose state is known later", "service", `{"name":"nginx"}`, []string{"state"}, []string{"svc.ensure nginx.service"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reply := ask(t, abi.Request{Type: tt.typ, Verb: abi.Potential, Unit: codec.Raw(tt.args), Unknown: tt.unknown})
			if reply.Error != nil {
				t.Fatalf("%s", reply.Error.Message)
			}
			var got []string
			for _, e := range reply.Change.Effects {
				got = append(got, e.Op.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// ask asks the native guest once.
func ask(t *testing.T, r abi.Request) abi.Reply {
	t.Helper()
	call, err := codec.Marshal(abi.Call{ABI: abi.Version, Requests: []abi.Request{r}})
	if err != nil {
		t.Fatal(err)
	}
	var answer abi.Answer
	if err := codec.Unmarshal(sdk.Handle(linux.Types(), call), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Replies[0]
}
