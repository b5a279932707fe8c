package flags

import (
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/vars"
)

// Places says where each variable of Values was given.
func (f *Vars) Places(environ []string) map[string]vars.Place {
	places := map[string]vars.Place{}
	for _, entry := range environ {
		if rest, ok := strings.CutPrefix(entry, varPrefix); ok {
			name, _, _ := strings.Cut(rest, "=")
			places[name] = vars.Place{By: varPrefix + name}
		}
	}
	for _, e := range f.Extra {
		file, isFile := strings.CutPrefix(e, "@")
		if !isFile {
			name, _, _ := strings.Cut(e, "=")
			places[name] = vars.Place{By: "-e " + name}
			continue
		}
		for name, pos := range keys(file) {
			places[name] = vars.Place{By: "-e @" + file, Pos: pos}
		}
	}
	return places
}

// keys are the variables of a file and where they stand. What cannot be read has none.
func keys(file string) map[string]diag.Pos {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var root yaml.Node
	if yaml.Unmarshal(data, &root) != nil || len(root.Content) == 0 {
		return nil
	}
	found := map[string]diag.Pos{}
	for i := 0; i+1 < len(root.Content[0].Content); i += 2 {
		key := root.Content[0].Content[i]
		found[key.Value] = diag.Pos{File: file, Line: key.Line, Col: key.Column}
	}
	return found
}
