package sdk_test

import (
	"fmt"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Dir is a resource type: a directory that is there.
type Dir struct {
	Path string `json:"path"`
}

// DirState is what Dir finds.
type DirState struct {
	Exists bool `json:"exists"`
}

func (d Dir) Read(t *sdk.T) DirState {
	r := t.Must(t.Do(op.Op{Stat: &op.Stat{Path: d.Path}}))
	return DirState{Exists: r.Stat.Exists}
}

func (d Dir) Plan(t *sdk.T, actual DirState) {
	if t.Differ("exists", actual.Exists, true) {
		t.Effect(op.Op{Mkdir: &op.Mkdir{Path: d.Path}})
	}
}

// A guest's main package would call Serve in an init function; a test asks Handle.
func Example() {
	set := sdk.NewSet()
	sdk.Add[Dir, DirState](set, "dir")

	ask := func(request string) {
		fmt.Println(string(sdk.Handle(set, []byte(`{"abi":1,"requests":[`+request+`]}`))))
	}
	ask(`{"type":"dir","verb":"read","unit":{"path":"/srv"}}`)
	ask(`{"type":"dir","verb":"read","unit":{"path":"/srv"},"log":[{"op":{"fs.stat":{"path":"/srv"}},"result":{"fs.stat":{"exists":false}}}]}`)
	ask(`{"type":"dir","verb":"plan","unit":{"path":"/srv"},"actual":{"exists":false}}`)
	// Output:
	// {"replies":[{"need":[{"fs.stat":{"path":"/srv"}}]}]}
	// {"replies":[{"actual":{"exists":false}}]}
	// {"replies":[{"change":{"action":"update","diffs":[{"field":"exists","before":false,"after":true}],"effects":[{"op":{"file.mkdir":{"path":"/srv"}}}]}}]}
}
