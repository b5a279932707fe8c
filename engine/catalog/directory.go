package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/providers/host/manifest"
)

// Directory is the package of types in a directory: manifest.yaml, CUE files, and the guest,
// plugin.wasm. Its files are read while the catalog is in use.
func Directory(dir string) (Source, error) {
	files := os.DirFS(dir)
	for _, name := range []string{manifest.File, host.PluginFile} {
		info, err := fs.Stat(files, name)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("not a regular file")
		}
		if err == nil {
			continue
		}
		d := &diag.Error{Summary: fmt.Sprintf("%s is no package of resource types: %s: %v", dir, name, cause(err)), Code: diag.Usage, Cause: err}
		return Source{}, d.WithHint("a package is a directory with %s, its types in *.cue, and its guest in %s", manifest.File, host.PluginFile)
	}
	return Source{Name: dir, Files: files}, nil
}

// Has reports whether the package has a resource type, by its manifest alone.
func (s Source) Has(typ string) (bool, error) {
	text, err := fs.ReadFile(s.Files, manifest.File)
	if err != nil {
		return false, err
	}
	m, err := manifest.Parse(manifest.File, text)
	if err != nil {
		return false, fmt.Errorf("package %s: %w", s.Name, err)
	}
	_, is := m.Types[typ]
	return is, nil
}

// cause is what is wrong with a file, without its name.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
