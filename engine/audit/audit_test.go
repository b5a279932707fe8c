package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	ours   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	theirs = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
	began  = time.Date(2026, 12, 2, 1, 0, 0, 123000, time.UTC)
)

func public(key ed25519.PrivateKey) []ed25519.PublicKey {
	half, _ := key.Public().(ed25519.PublicKey)
	return []ed25519.PublicKey{half}
}

// written is a log as it is written: every third row ends something, and each is signed.
func written(n int) *Log {
	l := &Log{}
	for i := range n {
		e := Entry{Time: began.Add(time.Duration(i) * time.Second), User: "ada", Origin: "here", Action: "apply", Run: fmt.Sprint("r", i/3), Hosts: "h1 h2"}
		if i%3 == 2 {
			e.Outcome = "succeeded"
		}
		add(l, Author{}.Fill(e), ours)
	}
	return l
}

func add(l *Log, e Entry, key ed25519.PrivateKey) {
	end := l.End()
	row := Next(end.Seq, end.Hash, e)
	l.Rows = append(l.Rows, row)
	if key != nil {
		l.Heads = append(l.Heads, Sign(row.Seq, row.Hash, row.Time, key))
	}
}

// rechain makes the hashes anew from a row on, as who knows how they are made would.
func rechain(l *Log, from int) {
	for i := from; i < len(l.Rows); i++ {
		before := Row{Hash: Begin}
		if i > 0 {
			before = l.Rows[i-1]
		}
		l.Rows[i] = Next(before.Seq, before.Hash, l.Rows[i].Entry)
	}
}

// cut removes the end from a row on, with its heads.
func cut(l *Log, from int) {
	seq := l.Rows[from].Seq
	l.Rows = l.Rows[:from]
	l.Heads = slices.DeleteFunc(l.Heads, func(h Head) bool { return h.Seq >= seq })
}

func TestFindings(t *testing.T) {
	tests := []struct {
		name    string
		do      func(l *Log)
		without bool // the anchor
		want    string
	}{
		{"nothing", func(*Log) {}, false, ""},
		{"a row more", func(l *Log) { add(l, Entry{Time: began, Action: "plan"}, ours) }, false, ""},
		{"a row more without the key", func(l *Log) { add(l, Entry{Time: began, Action: "plan"}, nil) }, true, "row 10 is not signed: added without the key"},
		{"rows more without the key, and one with it after them", func(l *Log) {
			add(l, Entry{Time: began, Action: "plan"}, nil)
			add(l, Entry{Time: began, Action: "plan"}, nil)
			add(l, Entry{Time: began, Action: "plan"}, ours)
		}, true, "rows 10 to 11 are not signed: added without the key"},
		{"a row more by another key", func(l *Log) { add(l, Entry{Time: began, Action: "plan"}, theirs) }, true, "for row 10, is by the key "},
		{"a signature of another row again", func(l *Log) {
			add(l, Entry{Time: began, Action: "plan"}, nil)
			l.Heads = append(l.Heads, l.Heads[8])
			l.Heads[9].Seq = 10
		}, true, "for row 10, has a signature that does not fit"},
		{"where it is kept", func(l *Log) { l.Faults = []string{"a trigger"} }, true, "a trigger"},
		{"edited", func(l *Log) { l.Rows[4].User = "eve" }, true, "row 5 was changed or moved, or row 4 was and its hash made anew"},
		{"the first edited", func(l *Log) { l.Rows[0].User = "eve" }, true, "row 1 was changed"},
		{"edited with its hash", func(l *Log) { l.Rows[4].User = "eve"; l.Rows[4] = Next(4, l.Rows[3].Hash, l.Rows[4].Entry) }, true, "row 6 was changed or moved, or row 5 was and its hash made anew"},
		{"removed", func(l *Log) { l.Rows = slices.Delete(l.Rows, 3, 4) }, true, "row 4 is missing"},
		{"several removed", func(l *Log) { l.Rows = slices.Delete(l.Rows, 3, 5) }, true, "rows 4 to 5 are missing"},
		{"the first removed", func(l *Log) { l.Rows = l.Rows[1:] }, true, "row 1 is missing"},
		{"two change their places", func(l *Log) { l.Rows[3].Entry, l.Rows[4].Entry = l.Rows[4].Entry, l.Rows[3].Entry }, true, "row 4 was changed or moved, or row 3 was and its hash made anew\nrow 5 was changed or moved, or row 4 was and its hash made anew"},
		{"out of order", func(l *Log) { l.Rows[3], l.Rows[4] = l.Rows[4], l.Rows[3] }, true, "row 4 stands after row 5"},
		{"a chain made anew", func(l *Log) { l.Rows[4].User = "eve"; rechain(l, 4) }, true, "row 5 is not as in what was signed at 2026-12-02T01:00:04Z"},
		{"a signature removed", func(l *Log) { l.Heads = slices.Delete(l.Heads, 5, 6) }, true, "row 6 is not signed: added without the key, or the signature was removed"},
		{"the end cut off", func(l *Log) { l.Rows = l.Rows[:7] }, true, "rows 8 to 9 are missing at the end: what was signed at 2026-12-02T01:00:08Z has row 9"},
		{"the end cut off with its signatures", func(l *Log) { cut(l, 6) }, false, "rows 7 to 9 are missing at the end: the anchor of 2026-12-02T01:00:08Z has row 9"},
		{"all cut off", func(l *Log) { cut(l, 0) }, false, "rows 1 to 9 are missing at the end"},
		{"an end written anew", func(l *Log) { e := l.Rows[8].Entry; cut(l, 8); e.User = "eve"; add(l, e, ours) }, false, "row 9 is not as in the anchor"},
		{"signed by another key", func(l *Log) { l.Heads[8] = Sign(9, l.Rows[8].Hash, began, theirs) }, true, "for row 9, is by the key "},
		{"signed for another row", func(l *Log) { l.Heads[8].Seq = 8 }, true, "has a signature that does not fit"},
		{"signed at another time", func(l *Log) { l.Heads[8].Time = began }, true, "has a signature that does not fit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := written(9)
			anchors := []Head{l.Heads[8]}
			if tt.without {
				anchors = nil
			}
			tt.do(l)
			var found []string
			for _, f := range l.Verify(anchors, public(ours)) {
				found = append(found, f.Text)
			}
			got := strings.Join(found, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

// TestAnyChangeIsFound changes logs at random, in one way or several, and even with hashes made anew: nothing that
// differs from what was written is taken for it, up to the anchor.
func TestAnyChangeIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	tries := 0
	for range 400 {
		n := 3 + random.IntN(30)
		was, l := written(n), written(n)
		end := was.End()
		anchor := Sign(end.Seq, end.Hash, began, ours)
		for range 1 + random.IntN(3) {
			if len(l.Rows) > 1 {
				meddle(random, l)
			}
		}
		if random.IntN(2) == 0 {
			rechain(l, 0)
		}
		if slices.Equal(l.Rows, was.Rows) {
			continue // the change was taken back
		}
		tries++
		if found := l.Verify([]Head{anchor}, public(ours)); len(found) == 0 {
			t.Fatalf("not found:\n%v\n%v", was.Rows, l.Rows)
		}
	}
	t.Log(tries, "changed logs")
}

// meddle makes one change.
func meddle(random *rand.Rand, l *Log) {
	i, j := random.IntN(len(l.Rows)), random.IntN(len(l.Rows))
	switch random.IntN(6) {
	case 0:
		texts := l.Rows[i].texts()
		*texts[random.IntN(len(texts))] += "x"
	case 1:
		l.Rows[i].Time = l.Rows[i].Time.Add(time.Microsecond)
	case 2:
		l.Rows = slices.Delete(l.Rows, i, i+1)
	case 3:
		l.Rows[i].Entry, l.Rows[j].Entry = l.Rows[j].Entry, l.Rows[i].Entry
	case 4:
		cut(l, i)
	case 5: // what moves from one field to the next
		r := &l.Rows[i]
		r.Origin, r.User = r.Origin+r.User, ""
	}
}

func TestExportAndAnchors(t *testing.T) {
	l := written(9)
	l.Rows[1].Detail = "a\nb <&> \u2028"
	rechain(l, 1)
	l.Heads = nil
	for _, r := range l.Rows {
		l.Heads = append(l.Heads, Sign(r.Seq, r.Hash, r.Time, ours))
	}
	var text bytes.Buffer
	if err := l.Export(&text); err != nil {
		t.Fatal(err)
	}
	again, err := Read("audit.jsonl", bytes.NewReader(text.Bytes()))
	if err != nil || !slices.Equal(again.Rows, l.Rows) || len(again.Heads) != 9 {
		t.Fatal(err, again)
	}
	if found := again.Verify(nil, public(ours)); len(found) > 0 {
		t.Error(found)
	}
	anchors, err := Anchors("a", []byte("# of the site\n\n"+l.Heads[1].String()+"\r\n"+l.Heads[2].String()))
	if err != nil || len(anchors) != 2 {
		t.Fatal(anchors, err)
	}
	if found := again.Verify(anchors, public(ours)); len(found) > 0 {
		t.Error(found)
	}
	for _, bad := range []string{"", "# nothing\n", "x\n", strings.Replace(l.Heads[0].String(), " 1 ", " 01 ", 1), l.Heads[0].String() + " x", strings.ToUpper(l.Heads[0].String())} {
		if _, err := Anchors("a", []byte(bad)); err == nil {
			t.Errorf("%q is taken for an anchor", bad)
		}
	}
	for _, bad := range []string{"", "\n", "{", `{"seq":1,"x":2}`, `{"seq":4,"signed":"` + l.Heads[0].String() + `"}`, `[]`} {
		if _, err := Read("a", strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a row", bad)
		}
	}
}

// FuzzAnchors: an anchor has one spelling, and nothing that is read is out of bounds.
func FuzzAnchors(f *testing.F) {
	f.Add([]byte(written(3).Heads[0].String()))
	f.Add([]byte("# x\nfroyo-audit-1 1 "))
	f.Fuzz(func(t *testing.T, data []byte) {
		anchors, err := Anchors("a", data)
		for _, h := range anchors {
			again, parseErr := Anchors("a", []byte(h.String()))
			if err != nil || parseErr != nil || again[0].String() != h.String() {
				t.Error(h, err, parseErr)
			}
		}
		(&Log{}).Verify(anchors, public(ours))
	})
}

// FuzzExport reads exports, and verifies what it read: a log has one spelling.
func FuzzExport(f *testing.F) {
	f.Add(exported(f, written(3)))
	f.Add(exported(f, written(1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Read("a", bytes.NewReader(data))
		if err != nil {
			return
		}
		l.Verify(nil, public(ours))
		if again := exported(t, l); !bytes.Equal(again, data) {
			t.Errorf("%q is taken for\n%q", data, again)
		}
	})
}

// TestJudge: what findings come to is one text, whoever tells it.
func TestJudge(t *testing.T) {
	changed, anchor := Finding{Seq: 2, Text: "row 2 was changed"}, Finding{Seq: 3, Text: "the anchor", Anchor: true}
	stranger, anchored := Finding{Text: "a", Untrusted: "aa"}, Finding{Text: "b", Untrusted: "bb", Anchor: true}
	for _, tt := range []struct {
		found []Finding
		want  string
	}{
		{[]Finding{stranger, changed}, Changed + ": row 2 was changed, and 1 more"},
		{[]Finding{anchor, changed}, Changed + ": row 2 was changed, and 1 more"},
		{[]Finding{anchor, stranger}, ChangedAnchor},
		{[]Finding{stranger, stranger, anchored}, "the audit log cannot be verified here: it is signed by aa, and of these keys none is trusted here"},
		{[]Finding{anchored}, "the anchors cannot be used here: they are signed by bb, and of these keys none is trusted here"},
	} {
		if got := Doubt(tt.found); got == nil || got.Summary != tt.want {
			t.Errorf("got %v, want %s", got, tt.want)
		}
	}
}
