// Package walk goes through what is below a directory, without being led elsewhere
// by whoever can change names there meanwhile.
//
// It imports runner/fspath, runner/perform and the standard library only; never fmt,
// since the runner's size is speed.
package walk

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/perform"
)

// MaxDepth bounds a walk that is not Deep. Each level holds a directory open.
const MaxDepth = 400

const maxNames = 1 << 20 // in one directory

// Walker goes through what is below a directory, in the order of the paths. It
// follows no links and enters nothing that is mounted there; a directory that is
// exchanged under its hands cannot lead it elsewhere.
type Walker struct {
	Recurse bool
	Deep    bool // without a limit to the depth
	After   bool // directories are visited after what is in them, not before
	// Visit is called for each thing in the directory dir.
	Visit func(rel string, n *fspath.Node, dir *fspath.Info) error
	// Enter, where it is set, says which directories are entered.
	Enter func(rel string) bool
	// Mounted, where it is set, is called for what is a mount point, instead of Visit.
	Mounted func(rel string) error
}

// Below visits what is in a directory, whose path is for messages.
func (w Walker) Below(ctx context.Context, path string, n *fspath.Node) error {
	mount, err := n.Mount()
	if err != nil {
		return perform.Fault("look at "+path, err)
	}
	return w.directory(ctx, step{path: path, mount: mount}, n)
}

// step is where a walk is.
type step struct {
	path  string // of the directory it began at
	rel   string // of the directory it is in, with a slash at its end, or ""
	mount uint64
	depth int
}

// directory visits what is in the directory n. While it does so, n is what it holds open.
func (w Walker) directory(ctx context.Context, at step, n *fspath.Node) error {
	dir, err := n.Open(syscall.O_RDONLY)
	if err != nil {
		return perform.Fault("open the directory "+at.path+"/"+at.rel, err)
	}
	names, err := readNames(dir)
	_ = dir.Close() // it was only read
	if err != nil {
		return perform.Fault("read the directory "+at.path+"/"+at.rel, err)
	}
	for _, name := range names {
		if err := perform.Stopped(ctx); err != nil {
			return err
		}
		if err := w.one(ctx, at, n, name); err != nil {
			return err
		}
	}
	return nil
}

func (w Walker) one(ctx context.Context, at step, dir *fspath.Node, name string) error {
	n, err := dir.Child(name)
	if errors.Is(err, syscall.ENOENT) {
		return nil // it was removed since its name was read
	}
	if err != nil {
		return perform.Fault("look at "+at.path+"/"+at.rel+name, err)
	}
	defer n.Close()
	mount, err := n.Mount()
	if err != nil {
		return perform.Fault("look at "+at.path+"/"+at.rel+name, err)
	}
	if mount != at.mount && w.Mounted != nil {
		return w.Mounted(at.rel + name)
	}
	enter := w.Recurse && n.IsDir() && mount == at.mount && (w.Enter == nil || w.Enter(at.rel+name))
	if !w.After || !enter {
		if err := w.Visit(at.rel+name, n, &dir.Info); err != nil {
			return err
		}
	}
	if !enter {
		return nil
	}
	if at.depth == MaxDepth && !w.Deep {
		return perform.Refuse("depth", at.path+": directories are nested deeper than "+strconv.Itoa(MaxDepth))
	}
	// A visit may have given the directory away, so that others can put names into it by now.
	if err := n.Refresh(); err != nil {
		return perform.Fault("look at "+at.path+"/"+at.rel+name, err)
	}
	below := at
	below.rel += name + "/"
	below.depth++
	if err := w.directory(ctx, below, n); err != nil || !w.After {
		return err
	}
	return w.Visit(at.rel+name, n, &dir.Info)
}

// readNames returns the sorted names in a directory.
func readNames(dir *os.File) ([]string, error) {
	var names []string
	for {
		more, err := dir.Readdirnames(1024)
		names = append(names, more...)
		if len(names) > maxNames {
			return nil, perform.Refuse("toolarge", dir.Name()+" has more than "+strconv.Itoa(maxNames)+" entries")
		}
		if len(more) == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			slices.Sort(names)
			return names, nil
		}
	}
}
