package resume_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
)

func noPaths(string) bool { return false }

func TestDecisions(t *testing.T) {
	d, err := resume.ParseDecisions([]string{"skip", "web1/cmd[a=b]=rerun", "cmd[migrate *]=fail"}, noPaths)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		host, key string
		want      unit.OnResume
	}{{"web1", "a=b", unit.Rerun}, {"web2", "a=b", unit.PassOver}, {"web2", "migrate it", unit.Fail}, {"web1", "else", unit.PassOver}} {
		if got := d.Of(unit.ID{Host: tt.host, Type: "cmd", Key: tt.key}, unit.Rerun); got != tt.want {
			t.Errorf("%s/cmd[%s]: %s, want %s", tt.host, tt.key, got, tt.want)
		}
	}
	var runbook resume.Decisions
	if got := runbook.Of(unit.ID{Host: "web1", Type: "cmd", Key: "a"}, unit.Rerun); got != unit.Rerun {
		t.Errorf("nothing is decided: %s, want what the runbook says", got)
	}
	for _, wrong := range []string{"", "maybe", "=skip", "web1/cmd[a]", "web1/cmd[a]=maybe", "web1=skip"} {
		if _, err := resume.ParseDecisions([]string{wrong}, noPaths); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
	if _, err := resume.ParseDecisions([]string{"skip", "rerun"}, noPaths); err == nil {
		t.Error("two decisions for all units were accepted")
	}
}

func TestSourceChanges(t *testing.T) {
	kept := map[string]string{"site.star": "a\nb\nc\n", "same.star": "x\n", "gone.star": "y\n"}
	now := fstest.MapFS{"site.star": {Data: []byte("a\nB\nc\nd\n")}, "same.star": {Data: []byte("x\n")}, "new.star": {}}
	want := []resume.SourceChange{{File: "gone.star", Gone: true}, {File: "site.star", Added: 2, Removed: 1}}
	if diff := cmp.Diff(want, resume.SourceChanges(kept, now)); diff != "" {
		t.Error(diff)
	}
}
