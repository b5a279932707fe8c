package transfer

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Fetch is a file of a host that is brought to the controller. Its fields are described in fetch.cue.
type Fetch struct {
	Path     string `json:"path"`
	Dest     string `json:"dest"`
	Flat     bool   `json:"flat"`
	MaxBytes int64  `json:"max_bytes"`
	Follow   string `json:"follow"`
}

// FetchState is the file on the host, and what is on the controller.
type FetchState struct {
	There bool          `json:"there,omitempty"`
	Sum   string        `json:"sum,omitempty"`
	Size  int64         `json:"size,omitempty"`
	Here  op.ReadResult `json:"here"`
}

// defaultFetched is how many bytes a file may have that is fetched.
const defaultFetched = 64 << 20

func (f Fetch) collect() *op.Collect {
	return &op.Collect{Path: f.Path, Dest: f.Dest, Flat: f.Flat, Unsafe: f.unsafe()}
}

func (f Fetch) unsafe() bool { return f.Follow == "unsafe" }

// Read implements sdk.Resource. How large the file is comes first: one without bounds is not read.
func (f Fetch) Read(t *sdk.T) FetchState {
	limit := f.MaxBytes
	if limit == 0 {
		limit = defaultFetched
	}
	ask := f.collect()
	ask.Query = true
	found := t.All(op.Op{Stat: &op.Stat{Path: f.Path, Follow: true, Unsafe: f.unsafe()}}, op.Op{Collect: ask})
	there, here := t.Must(found[0]).Stat, t.Must(found[1]).Read
	s := FetchState{There: there.Exists, Here: *here}
	switch {
	case !there.Exists:
		return s
	case there.Type != op.TypeFile:
		t.Fail(op.Conflict, f.Path+" is a "+string(there.Type)+", and only files are fetched", "", "")
	case there.Size > limit:
		t.Fail(op.Permanent, f.Path+" has "+strconv.FormatInt(there.Size, 10)+" bytes, more than the "+strconv.FormatInt(limit, 10)+" that are allowed", "",
			"max_bytes says how many it may have")
	case here.Exists && !here.Regular:
		t.Fail(op.Conflict, "on the controller there is no file where "+f.Path+" of the host comes to, but something else", "", "move it away, or give another dest")
	}
	read := t.Must(t.Do(op.Op{Read: &op.Read{Path: f.Path, Unsafe: f.unsafe()}})).Read
	s.There, s.Sum, s.Size = read.Exists, read.Sum, read.Size
	if s.Size > limit {
		t.Fail(op.Transient, f.Path+" grew while it was read", "", "")
	}
	return s
}

// Plan implements sdk.Resource.
func (f Fetch) Plan(t *sdk.T, now FetchState) {
	f.plan(t, now)
	t.Output(Output{Changed: t.Acted()})
}

func (f Fetch) plan(t *sdk.T, now FetchState) {
	before := shortSum(now.Here.Sum)
	collect := f.collect()
	collect.Sum, collect.Size = now.Sum, now.Size
	switch {
	case !now.There:
		t.Needs(abi.Need{
			What: "file " + f.Path, Kind: "file", Name: f.Path, Paths: []string{f.Path},
			Hint: "is the path right? what brings the file has to be declared before",
		})
		t.DifferUnknown("fetched", before)
	case t.Differ("fetched", before, shortSum(now.Sum)):
	default:
		return
	}
	if !now.Here.Exists {
		t.Action(abi.Create)
	}
	if now.There {
		t.Effect(op.Op{Collect: collect})
		return
	}
	t.Effect(op.Op{Collect: collect}, "sum", "size")
}

// Potential implements sdk.HasPotential.
func (f Fetch) Potential(t *sdk.T) {
	t.Effect(op.Op{Collect: f.collect()}, "sum", "size")
}
