package transfer

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Unpack is an archive that is unpacked into a directory. Its fields are described in unpack.cue.
type Unpack struct {
	Path       string   `json:"path"`
	State      string   `json:"state"`
	Archive    *op.Blob `json:"archive"`
	Remote     string   `json:"remote"`
	Strip      int      `json:"strip"`
	Exclude    []string `json:"exclude"`
	Keep       []string `json:"keep"`
	Mode       string   `json:"mode"`
	Owner      string   `json:"owner"`
	Group      string   `json:"group"`
	Creates    string   `json:"creates"`
	MaxMembers int64    `json:"max_members"`
	MaxBytes   int64    `json:"max_bytes"`
	Follow     string   `json:"follow"`
}

// UnpackState is what was unpacked into a directory.
type UnpackState struct {
	op.UnpackedResult
	// Wanted is the digest of the archive, "" where it is not on the host yet.
	Wanted string `json:"wanted,omitempty"`
	// Created says that what the archive creates is there.
	Created bool           `json:"created,omitempty"`
	Lacks   *op.NeedResult `json:"lacks,omitempty"`
}

func (u Unpack) layout(t *sdk.T) op.Layout {
	return op.Layout{Strip: u.Strip, Exclude: u.Exclude, Keep: u.Keep, Mode: octal(t, u.Mode), Owner: u.Owner, Group: u.Group}
}

func (u Unpack) unsafe() bool { return u.Follow == "unsafe" }

// Read implements sdk.Resource.
func (u Unpack) Read(t *sdk.T) UnpackState {
	if u.State != absent && (u.Archive == nil) == (u.Remote == "") {
		t.Fail(op.Permanent, "exactly one of source and remote says which archive is unpacked", "", `give source = "app.tar.gz" for a file of the workspace, or remote = "/srv/app.tar.gz" for one of the host`)
	}
	ops := []op.Op{{Unpacked: &op.Unpacked{Path: u.Path, Layout: u.layout(t), Unsafe: u.unsafe()}}}
	if u.State != absent && u.Remote != "" {
		ops = append(ops, op.Op{Read: &op.Read{Path: u.Remote, Unsafe: u.unsafe()}})
	}
	if u.State != absent && u.Creates != "" {
		ops = append(ops, op.Op{Stat: &op.Stat{Path: u.Creates, Follow: true, Unsafe: u.unsafe()}})
	}
	asked := owners(u.Owner, u.Group)
	if u.State != absent && asked != nil {
		ops = append(ops, op.Op{Need: asked})
	}
	return u.found(t, t.All(ops...))
}

// found makes the state of the answers.
func (u Unpack) found(t *sdk.T, results []op.Result) UnpackState {
	s := UnpackState{}
	if u.Archive != nil {
		s.Wanted = u.Archive.Sum
	}
	for _, r := range results {
		switch r := t.Must(r); {
		case r.Unpacked != nil:
			s.UnpackedResult = *r.Unpacked
		case r.Read != nil && r.Read.Exists && !r.Read.Regular:
			t.Fail(op.Conflict, u.Remote+" is no file, and so no archive", "", "")
		case r.Read != nil:
			s.Wanted = r.Read.Sum
		case r.Stat != nil:
			s.Created = r.Stat.Exists
		case r.Need != nil && r.Need.Lacking() > 0:
			s.Lacks = r.Need
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (u Unpack) Plan(t *sdk.T, now UnpackState) {
	switch {
	case u.State == absent:
		u.remove(t, now)
	case now.Created:
		t.Reason("creates " + u.Creates + " exists")
	default:
		u.bring(t, now)
	}
	t.Output(Output{Changed: t.Acted()})
}

func (u Unpack) bring(t *sdk.T, now UnpackState) {
	if u.Creates != "" {
		t.Guarded(abi.Guard{Name: "creates", Path: u.Creates})
	}
	before := shortSum(now.Sum)
	if before != nil && now.Partial {
		before = "a part of " + before.(string)
	}
	differs := now.Wanted == ""
	if differs {
		t.DifferUnknown("archive", before)
		t.Needs(abi.Need{
			What: "file " + u.Remote, Kind: "file", Name: u.Remote, Paths: []string{u.Remote},
			Hint: "what brings the archive has to be declared before; one of the workspace is named by source",
		})
	} else if t.Differ("archive", before, shortSum(now.Wanted)) {
		differs = true
	}
	if now.Sum != "" && now.Other {
		differs = t.Differ("layout", "with another strip or exclude", "with strip = "+strconv.Itoa(u.Strip)+" and "+counted(len(u.Exclude), "exclude")) || differs
	}
	if now.Differing > 0 {
		differs = t.Differ("members", counted(now.Differing, "member")+" not as unpacked: "+some(now.Names, now.Differing), "as in the archive") || differs
	}
	if !differs {
		return
	}
	if now.Sum == "" {
		t.Action(abi.Create)
	}
	if now.Lacks != nil {
		need(t, now.Lacks)
	}
	u.unpack(t)
}

func (u Unpack) unpack(t *sdk.T) {
	t.Effect(op.Op{Unpack: &op.Unpack{
		Path: u.Path, Archive: u.Archive, From: u.Remote, Layout: u.layout(t), MaxMembers: u.MaxMembers, MaxBytes: u.MaxBytes, Unsafe: u.unsafe(),
	}})
}

func (u Unpack) remove(t *sdk.T, now UnpackState) {
	if now.Sum == "" {
		return
	}
	t.Action(abi.Delete)
	t.Differ("archive", shortSum(now.Sum), nil)
	t.Differ("members", counted(now.Members, "member")+" of "+strconv.FormatInt(now.Bytes, 10)+" bytes", nil)
	u.discard(t)
}

func (u Unpack) discard(t *sdk.T) {
	t.Effect(op.Op{Unpack: &op.Unpack{Path: u.Path, Absent: true, Unsafe: u.unsafe()}})
}

// Potential implements sdk.HasPotential.
func (u Unpack) Potential(t *sdk.T) {
	if u.State == absent {
		u.discard(t)
		return
	}
	u.unpack(t)
}
