package unpack

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/archive"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// source is an archive that is held open.
type source struct {
	called   string // in messages
	file     *os.File
	size     int64
	sum      string
	format   archive.Format
	programs *program.Starter
}

func (s *source) close() { _ = s.file.Close() } // it is only read, or gone already

// open opens the archive of an op: one of the host, or one that is sent along and kept in a file without a name.
func (d *directory) open(ctx context.Context, u *op.Unpack, in io.Reader) (s *source, err error) {
	s = &source{programs: d.programs}
	sum := sha256.New()
	if u.From != "" {
		s.called = u.From
		if s.file, err = d.ofHost(u.From); err != nil {
			return nil, err
		}
		s.size, err = io.Copy(sum, untilDone{ctx, s.file})
	} else {
		s.called = "the archive for " + d.path
		if s.file, err = d.nameless(); err != nil {
			return nil, err
		}
		s.size, err = io.Copy(io.MultiWriter(s.file, sum), untilDone{ctx, io.LimitReader(in, u.Archive.Size+1)})
	}
	if err == nil {
		s.sum = op.Hex(sum.Sum(nil))
		err = s.begin(u)
	}
	if err != nil {
		s.close()
		return nil, perform.Fault("read "+s.called, err)
	}
	return s, nil
}

// begin checks that the archive is the announced one, and tells its format.
func (s *source) begin(u *op.Unpack) error {
	if b := u.Archive; b != nil && (s.size != b.Size || s.sum != b.Sum) {
		return perform.Refuse("content", s.called+" has another size or SHA-256 than announced")
	}
	head := make([]byte, archive.HeadSize)
	n, err := s.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if s.format, err = archive.Detect(head[:n]); err != nil {
		return refused(s.called, err)
	}
	return nil
}

// refused is an archive that is not unpacked.
func refused(called string, err error) error {
	return perform.Refuse("archive", called+" is refused, and nothing was changed: "+err.Error())
}

// ofHost opens an archive that is on the host.
func (d *directory) ofHost(path string) (*os.File, error) {
	n, err := fspath.Open(path, fspath.How{Follow: true, Content: true, Unsafe: d.unsafe})
	if err != nil {
		return nil, perform.Fault("open the archive "+path, err)
	}
	defer n.Close()
	if n.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, perform.Conflict("enotfile", path+" is no file, and so no archive")
	}
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return nil, perform.Fault("open the archive "+path, err)
	}
	return f, nil
}

// nameless makes a file without a name, on the file system that the archive is unpacked to.
func (d *directory) nameless() (*os.File, error) {
	for p := d.path; ; p, _ = fspath.Split(p) {
		n, err := fspath.Open(p, fspath.How{Follow: true, Directory: true, Unsafe: d.unsafe})
		if perform.IsAbsent(err) && p != "/" {
			continue
		}
		if err != nil {
			return nil, perform.Fault("look at "+p, err)
		}
		defer n.Close()
		name := ".froyo-" + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
		f, err := n.Create(name, 0o600)
		if err != nil {
			return nil, perform.Fault("create a file in "+p, err)
		}
		if err := n.Remove(name, false); err != nil {
			_ = f.Close() // the error that led here is the one to tell
			return nil, perform.Fault("remove the name of a file in "+p, err)
		}
		return f, nil
	}
}

// reader reads the archive from its beginning. The caller calls done.
func (s *source) reader(ctx context.Context) (r archive.Reader, done func(), err error) {
	var filters []*program.Filter
	done = func() {
		for _, f := range filters {
			f.Close()
		}
	}
	through := func(argv []string, in io.Reader) (io.Reader, error) {
		f, err := s.programs.Filter(ctx, program.Program{Argv: argv, Stdin: in})
		if perform.IsCode(err, "enoent") {
			return nil, perform.Refuse("archive", s.called+" is compressed as only the program "+argv[0]+" can read, and the host does not have that; bring it before")
		}
		if err != nil {
			return nil, err
		}
		filters = append(filters, f)
		return &filtered{f, argv[0]}, nil
	}
	whole := io.NewSectionReader(s.file, 0, s.size)
	switch {
	case s.format.Name == archive.Zip:
		r, err = archive.NewZip(s.file, s.size, func(in io.Reader) (io.Reader, error) { return through([]string{"gzip", "-dc"}, in) })
	case s.format.Program == nil:
		r = archive.NewTar(whole)
	default:
		var plain io.Reader
		if plain, err = through(s.format.Program, whole); err == nil {
			r = archive.NewTar(plain)
		}
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return r, done, nil
}

// filtered reads what a program makes of an archive. Where that fails there is no end.
type filtered struct {
	by   *program.Filter
	name string
}

func (f *filtered) Read(b []byte) (int, error) {
	n, err := f.by.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	r, failed := f.by.End()
	const warned = 2 // of gzip: there is something behind the archive, which it left out
	switch {
	case failed != nil:
		return n, failed
	case r.RC != 0 && (f.name != "gzip" || r.RC != warned):
		return n, &archive.Invalid{Why: "it cannot be decompressed: " + f.name + " ended with " + strconv.Itoa(r.RC) + ": " + strings.TrimSpace(r.Stderr)}
	}
	return n, io.EOF
}

// untilDone reads until ctx is done, and then fails with its cause.
type untilDone struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to learn of it
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := perform.Stopped(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
