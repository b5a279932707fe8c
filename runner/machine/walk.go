package machine

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of a walk. Each level holds a directory open.
const (
	maxDepth = 400
	maxNames = 1 << 20 // in one directory
)

// walker goes through what is below a directory, in the order of the paths. It
// follows no links and enters no other file system; a directory that is
// exchanged under its hands cannot lead it elsewhere.
type walker struct {
	recurse bool
	// visit is called for each thing, for directories before what is in them.
	visit func(rel string, h *handle) error
}

// below visits what is in dir, whose path is for messages.
func (w walker) below(ctx context.Context, path string, dir *os.File) error {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(dir.Fd()), &st); err != nil {
		return Fault("look at "+path, err)
	}
	return w.directory(ctx, step{path: path, dev: uint64(st.Dev)}, dir) //nolint:unconvert // differs between platforms
}

// step is where a walk is.
type step struct {
	path  string // of the directory it began at
	rel   string // of the directory it is in, with a slash at its end, or ""
	dev   uint64
	depth int
}

func (w walker) directory(ctx context.Context, at step, dir *os.File) error {
	names, err := readNames(dir)
	if err != nil {
		return Fault("read the directory "+at.path+"/"+at.rel, err)
	}
	for _, name := range names {
		if err := stopped(ctx); err != nil {
			return err
		}
		if err := w.one(ctx, at, dir, name); err != nil {
			return err
		}
	}
	return nil
}

func (w walker) one(ctx context.Context, at step, dir *os.File, name string) error {
	h, err := openHandle(int(dir.Fd()), name)
	if errors.Is(err, syscall.ENOENT) {
		return nil // it was removed since its name was read
	}
	if err != nil {
		return Fault("look at "+at.path+"/"+at.rel+name, err)
	}
	defer h.close()
	if err := w.visit(at.rel+name, h); err != nil {
		return err
	}
	if !w.recurse || typeOf(h.st.Mode) != op.TypeDir || uint64(h.st.Dev) != at.dev { //nolint:unconvert // differs between platforms
		return nil
	}
	if at.depth == maxDepth {
		return refusal("depth", at.path+": directories are nested deeper than "+strconv.Itoa(maxDepth))
	}
	sub, err := openDirectory(h, name)
	if err != nil {
		return Fault("open the directory "+at.path+"/"+at.rel+name, err)
	}
	defer sub.Close()
	at.rel += name + "/"
	at.depth++
	return w.directory(ctx, at, sub)
}

// openDirectory opens the directory itself that h refers to.
func openDirectory(h *handle, name string) (*os.File, error) {
	for {
		fd, err := syscall.Openat(h.fd, ".", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), name), nil
	}
}

// readNames returns the sorted names in a directory.
func readNames(dir *os.File) ([]string, error) {
	var names []string
	for {
		more, err := dir.Readdirnames(1024)
		names = append(names, more...)
		if len(names) > maxNames {
			return nil, refusal("toolarge", dir.Name()+" has more than "+strconv.Itoa(maxNames)+" entries")
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
