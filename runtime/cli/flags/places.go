package flags

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/vars"
)

// Places says where each variable of Values was given.
func (f *Vars) Places(texts Texts, environ []string) map[string]vars.Place {
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
		for name, pos := range keys(file, texts[file]) {
			places[name] = vars.Place{By: "-e @" + file, Pos: pos}
		}
	}
	return places
}

// keys are the variables of a file of that text and where they stand. What cannot be read has none.
func keys(file string, data []byte) map[string]diag.Pos {
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
