package protect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

func file(path string) *unit.Unit {
	return &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: path}}
}

func kept(names ...string) *protect.Set {
	var all []protect.Resource
	for _, name := range names {
		k := protect.Resource{Unit: name, Since: time.Unix(0, 0), Run: "r1", Pos: diag.Pos{File: "a.star", Line: 3}}
		if id := unit.ParseLocal("h1", name); id.Type == "file" {
			k.Path = id.Key
		}
		all = append(all, k)
	}
	return protect.New(all)
}

func write(path string) op.Op {
	return op.Op{Write: &op.Write{Path: path, Content: op.NewBlob(nil)}}
}

func TestQuestionAsksOnlyWhereSomethingIsLost(t *testing.T) {
	db := file("/srv/db")
	for _, tt := range []struct {
		name string
		set  *protect.Set
		unit *unit.Unit
		op   op.Op
		want bool
	}{
		{"no set", nil, db, write("/a"), false},
		{"nothing kept", kept(), db, write("/a"), false},
		{"what is kept is no path", kept("cmd[/srv/db]"), db, write("/a"), false},
		{"a write", kept("file[/srv/db]"), file("/a"), write("/a"), true},
		{"a link", kept("file[/srv/db]"), file("/a"), op.Op{Link: &op.Link{Path: "/a", Target: "/b"}}, true},
		{"a removal", kept("file[/srv/db]"), file("/a"), op.Op{Remove: &op.Remove{Path: "/a"}}, true},
		{"attributes", kept("file[/srv/db]"), file("/a"), op.Op{Attr: &op.Attr{Path: "/a"}}, false},
		{"a directory", kept("file[/srv/db]"), file("/a"), op.Op{Mkdir: &op.Mkdir{Path: "/a"}}, false},
		{"a program", kept("file[/srv/db]"), file("/a"), op.Op{Exec: &op.Exec{Shell: "rm /srv/db"}}, false},
		{"its own alone", kept("file[/srv/db]"), db, write("/srv/db"), false},
		{"its own, beside another", kept("file[/srv/db]", "file[/x]"), db, write("/srv/db"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := tt.set.Question()
			q.Add(tt.unit, tt.op)
			o, any := q.Op()
			if any != tt.want {
				t.Fatalf("asks: %v, want %v", any, tt.want)
			}
			if any && o.Validate() != nil {
				t.Errorf("%s: %v", o, o.Validate())
			}
		})
	}
}

func TestQuestionOfOneThatIsLifted(t *testing.T) {
	set := kept("file[/srv/db]")
	u := file("/srv/db")
	u.Lifecycle.PreventDestroy = new(false)
	set.Declare(u)
	q := set.Question()
	q.Add(file("/a"), write("/a"))
	if o, any := q.Op(); any {
		t.Errorf("what is lifted is still kept: %+v", o.Overlap)
	}
}

func TestRefuse(t *testing.T) {
	a, b := file("/alias/db"), file("/mnt")
	q := kept("file[/srv/db]", "file[/srv/x]").Question()
	q.Add(a, write("/alias/db"))
	q.Add(b, op.Op{Remove: &op.Remove{Path: "/mnt", Recurse: true}}, write("/mnt/x"))
	refused := map[*unit.Unit]*abi.Error{}
	q.Refuse(refused, op.Result{Overlap: &op.OverlapResult{Pairs: []op.OverlapPair{
		{Loss: 0, Keep: 0, Links: []string{"/alias"}}, {Loss: 1, Keep: 1, Below: "in/x", Links: []string{"/l"}, Mounts: []string{"/mnt", "/srv"}}, {Loss: 2, Keep: 0},
	}}})
	for u, want := range map[*unit.Unit]string{
		a: "it would write over /alias/db, which is the same as file[/srv/db] through the link /alias, which is protected since ",
		b: "it would remove /mnt, and with it /mnt/in/x, which is the same as file[/srv/x] through the link /l and the mount /mnt and the mount /srv, which is protected since ",
	} {
		if e := refused[u]; e == nil || !strings.HasPrefix(e.Message, want) || !strings.Contains(e.Hint, "froyo state protections drop 'h1/file[/srv/") {
			t.Errorf("got %+v, want %q", e, want)
		}
	}
	for _, answer := range []op.Result{{}, {Error: &op.Error{Class: op.Transient, Message: "no /proc"}}} {
		refused := map[*unit.Unit]*abi.Error{}
		q.Refuse(refused, answer)
		if len(refused) != 2 || !strings.HasPrefix(refused[a].Message, "whether it would remove what prevent_destroy keeps, the host does not tell") {
			t.Errorf("a host that does not tell: %v", refused)
		}
	}
}
