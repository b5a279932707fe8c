package unpack

import (
	"context"
	"errors"
	"io"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/archive"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// record says what was unpacked into a directory. It is in that directory, so that it goes where that goes.
type record struct {
	Sum      string   `json:"sum"` // of the archive
	Strip    int      `json:"strip,omitempty"`
	Exclude  []string `json:"exclude,omitempty"`
	Complete bool     `json:"complete,omitempty"`
	Made     bool     `json:"made,omitempty"` // the directory itself was made
	Members  []member `json:"members"`        // directories before what is in them
}

// member is what an archive brought. Directories that were there before are not listed.
type member struct {
	Name string       `json:"name"`
	Kind archive.Kind `json:"kind"`
	Mode uint32       `json:"mode,omitempty"` // as the archive has it
	Size int64        `json:"size,omitempty"`
	Sum  string       `json:"sum,omitempty"`
	Link string       `json:"link,omitempty"`
	// Former is of an archive before: it is removed with the others, and not looked at otherwise.
	Former bool `json:"former,omitempty"`
}

// recordName is the name of the record of an archive that has no name of its own. Members cannot have it.
const recordName = ".froyo-unpacked"

// maxRecord bounds how much of a record is read.
const maxRecord = 256 << 20

// read returns the record, nil where there is none. One that another user could have written is refused.
func (d *directory) read(ctx context.Context) (*record, error) {
	path := d.at(recordName)
	n, err := fspath.Open(path, fspath.How{Content: true, Unsafe: d.unsafe})
	if perform.IsAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, perform.Fault("read "+path, err)
	}
	defer n.Close()
	if n.Mode&syscall.S_IFMT != syscall.S_IFREG || n.UID != 0 && int(n.UID) != d.uid {
		return nil, perform.Conflict("record", path+" is no file of root or of the user who unpacks, so it cannot be the record of what was unpacked; remove it")
	}
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return nil, perform.Fault("read "+path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return nil, perform.Fault("read "+path, err)
	}
	r := &record{}
	if err = codec.Unmarshal(text, r); err == nil {
		err = r.validate()
	}
	if err != nil {
		return nil, perform.Conflict("record", path+" cannot be read as the record of what was unpacked: "+err.Error()+"; remove it, and the archive is unpacked again")
	}
	return r, perform.Stopped(ctx)
}

// validate refuses what would lead out of the directory.
func (r *record) validate() error {
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case !archive.Clean(m.Name):
			return errors.New("it lists the member " + strconv.Quote(m.Name))
		case m.Kind != archive.File && m.Kind != archive.Dir && m.Kind != archive.Link:
			return errors.New("it lists a member that is a " + strconv.Quote(string(m.Kind)))
		}
	}
	return nil
}

// write puts the record in place.
func (d *directory) write(ctx context.Context, r *record) error {
	text, err := codec.Marshal(r)
	if err != nil {
		return err
	}
	blob := op.NewBlob(text)
	in, err := blob.Open()
	if err != nil {
		return err
	}
	mode := uint32(0o600)
	_, err = d.do(ctx, op.Op{Write: &op.Write{Path: d.at(recordName), Content: blob, Attributes: op.Attributes{Mode: &mode}, Unsafe: d.unsafe}}, in)
	return err
}

// merge adds the members of an earlier record that are not listed.
func (r *record) merge(old *record) {
	if old == nil {
		return
	}
	r.Made = r.Made || old.Made
	known := make(map[string]bool, len(r.Members))
	for i := range r.Members {
		known[r.Members[i].Name] = true
	}
	for _, m := range old.Members {
		if !known[m.Name] {
			m.Former = true
			r.Members = append(r.Members, m)
		}
	}
}
