package linux

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// fileChange brings what is at a path into the wanted state.
type fileChange struct {
	wanted File
	t      *sdk.T
	actual FileState
}

func (c fileChange) file() (backup string) {
	content, now := c.wanted.Content, c.actual.Mode
	fresh := c.begin(op.TypeFile, op.TypeLink)
	given := !fresh && c.givesOwner()
	if given {
		now &^= permSetID // which the runner takes from what gets another owner
	}
	if fresh {
		now = newFile
		if content == nil && !c.t.Unknown("content") {
			content = &op.Blob{Sum: emptySum}
		}
	}
	want := c.wanted.attributes(c.t, now, false)
	shown := want
	if fresh && want.Mode == nil && !c.t.Unknown("mode") {
		shown.Mode = new(uint32(newFile)) // which the runner gives what is new
	}
	if given && want.Mode == nil && !c.t.Unknown("mode") {
		shown.Mode = &now
	}
	differs := c.differContent(content)
	attributes := c.differAttributes(shown, fresh)
	if differs || fresh {
		if r := c.wanted.write(c.t, content, want); c.t.Acting() {
			backup = r.Done.Backup
		}
	}
	// Content that is not known yet may turn out to be what is there already.
	if attributes && !fresh && (!differs || c.t.Unknown("content")) {
		c.wanted.setAttributes(c.t, want)
	}
	return backup
}

// givesOwner reports whether a file gets another owner or group than it has.
func (c fileChange) givesOwner() bool {
	other := func(want, name string, id uint32) bool {
		return want != "" && want != name && want != strconv.FormatUint(uint64(id), 10)
	}
	return other(c.wanted.Owner, c.actual.Owner, c.actual.UID) || other(c.wanted.Group, c.actual.Group, c.actual.GID)
}

// begin settles whether something new has to be put at the path, in the place
// of nothing or of one of the types that give way. Other types are an error.
func (c fileChange) begin(want op.Type, giveWay ...op.Type) (fresh bool) {
	if !c.actual.Exists {
		c.t.Action(abi.Create)
		if dir := parent(c.wanted.Path); c.actual.NoParent && want != op.TypeDir {
			needDirectory(c.t, dir)
		}
		return true
	}
	if c.actual.Type == want {
		return false
	}
	if slices.Contains(giveWay, c.actual.Type) {
		c.t.Action(abi.Replace)
		c.t.Differ("type", c.actual.Type, want)
		return true
	}
	what := string(c.actual.Type)
	if c.actual.Type == op.TypeLink {
		what = "link to " + strconv.Quote(c.actual.Target)
	}
	hint := `move it away, or remove it first: file(` + strconv.Quote(c.wanted.Path) + `, state = "absent")`
	if c.actual.Type == op.TypeDir {
		hint = `move it away, or remove it with all it holds: state = "absent", recurse = True`
	}
	c.t.Fail(op.Conflict, "a "+what+" is in the way at "+c.wanted.Path+", where a "+string(want)+" should be", "", hint)
	return false
}

func (c fileChange) differContent(content *op.Blob) bool {
	if c.t.Unknown("content") {
		c.t.DifferUnknown("content", c.actual.content())
		return true
	}
	return content != nil && content.Sum != c.actual.Sum && c.t.Differ("content", c.actual.content(), content)
}

// differAttributes compares mode and owner; of a fresh file there is no before.
func (c fileChange) differAttributes(want op.Attributes, fresh bool) bool {
	wanted := want.Mode
	if c.actual.Type == op.TypeDir && want.DirMode != nil {
		wanted = want.DirMode
	}
	mode := ""
	if wanted != nil {
		mode = octal(*wanted)
	}
	fields := []struct{ name, before, id, after string }{
		{"mode", octal(c.actual.Mode), "", mode},
		{"owner", c.actual.Owner, strconv.FormatUint(uint64(c.actual.UID), 10), want.Owner},
		{"group", c.actual.Group, strconv.FormatUint(uint64(c.actual.GID), 10), want.Group},
	}
	differs := false
	for _, field := range fields {
		unknown := c.t.Unknown(field.name)
		if !unknown && (field.after == "" || !fresh && (field.after == field.before || field.after == field.id)) {
			continue // most often, and before anything is made for a difference
		}
		var before any
		if !fresh {
			before = field.before
		}
		if unknown {
			c.t.DifferUnknown(field.name, before)
			differs = true
		} else if c.t.Differ(field.name, before, field.after) {
			differs = true
		}
	}
	return differs
}

func (c fileChange) remove() {
	if !c.actual.Exists {
		return
	}
	c.refuseMounts("nothing is removed")
	if c.actual.Filled && !c.wanted.Recurse {
		c.t.Fail(op.Conflict, "directory "+c.wanted.Path+" is not empty", "", "to remove it with all it holds, add recurse = True")
	}
	c.t.Action(abi.Delete)
	c.t.Differ("type", c.actual.Type, nil)
	if c.actual.Below != nil {
		c.t.Differ("below", belowText(c.actual.Below), nil)
	}
	c.t.Effect(op.Op{Remove: &op.Remove{Path: c.wanted.Path, Recurse: c.wanted.Recurse, Unsafe: c.wanted.unsafe()}})
}

func (c fileChange) directory() {
	fresh := c.begin(op.TypeDir)
	if fresh {
		c.makeDirectory()
		return
	}
	c.refuseMounts("mode and owner are not given to what is below")
	want := c.wanted.attributes(c.t, c.actual.Mode, true)
	differs := c.differAttributes(want, false)
	if len(c.actual.Others) > 0 {
		differs = c.t.Differ("below", othersText(c.actual), "the same mode and owner") || differs
	}
	if differs {
		c.wanted.setAttributes(c.t, want)
	}
}

// makeDirectory makes an empty directory, for which recurse means nothing yet.
func (c fileChange) makeDirectory() {
	c.wanted.Recurse = false
	want := c.wanted.attributes(c.t, newDir, true)
	shown := want
	if want.Mode == nil && !c.t.Unknown("mode") {
		shown.Mode = new(uint32(newDir)) // which the runner gives what is new
	}
	c.differAttributes(shown, true)
	c.wanted.mkdir(c.t, want)
}

// refuseMounts fails the unit where something is mounted below a directory, or at one that goes.
func (c fileChange) refuseMounts(so string) {
	var at []string
	for _, m := range c.actual.Mounts[:min(len(c.actual.Mounts), othersLimit)] {
		switch {
		case m != ".":
			at = append(at, strings.TrimSuffix(c.wanted.Path, "/")+"/"+m)
		case c.wanted.State == absent:
			at = append(at, c.wanted.Path)
		}
	}
	if len(at) > 0 {
		c.t.Fail(op.Conflict, "something is mounted at "+strings.Join(at, ", ")+", so "+so, "", "unmount it first, or manage what is beside it each on its own")
	}
}

func (c fileChange) link() {
	fresh := c.begin(op.TypeLink, op.TypeFile)
	var before any
	if !fresh {
		before = c.actual.Target
	}
	differs := true
	if c.t.Unknown("target") {
		c.t.DifferUnknown("target", before)
	} else {
		differs = c.t.Differ("target", before, c.wanted.Target)
	}
	want := op.Attributes{Owner: c.wanted.Owner, Group: c.wanted.Group}
	attributes := c.differAttributes(want, fresh)
	if differs || fresh {
		c.wanted.link(c.t)
	}
	if attributes && !fresh && (!differs || c.t.Unknown("target")) {
		c.wanted.setAttributes(c.t, want)
	}
}
