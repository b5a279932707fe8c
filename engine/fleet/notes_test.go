package fleet

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/event"
)

func TestNotesAreBounded(t *testing.T) {
	clock := time.Unix(0, 0)
	n := NewNotes()
	n.now = func() time.Time { return clock }
	var got []string
	n.Take("h1", "cmd[x]", "before any stage")
	n.Into(event.Func(func(e event.Event) { got = append(got, e.Unit.String()+" "+e.Text) }))
	for _, note := range []struct {
		after             time.Duration
		host, unit, words string
	}{
		{0, "h1", "cmd[x]", "one"},
		{time.Millisecond, "h1", "cmd[x]", "too soon"},
		{time.Millisecond, "h2", "cmd[x]", "another host"},
		{time.Second, "h1", "cmd[x]", "one"}, // again
		{time.Second, "h1", "cmd[y]", "one"}, // of another unit
		{time.Second, "h1", "", "of no unit"},
	} {
		clock = clock.Add(note.after)
		n.Take(note.host, note.unit, note.words)
	}
	want := []string{"h1/cmd[x] one", "h2/cmd[x] another host", "h1/cmd[y] one", "h1/[] of no unit"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
