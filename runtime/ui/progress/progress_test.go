package progress_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/progress"
	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// film is what a terminal showed, moment by moment.
type film struct {
	*uitest.Terminal
	*progress.Progress
	b strings.Builder
}

// record shows progress on a terminal of a size. It must run in a synctest bubble.
func record(columns, rows int, verb string, hosts ...string) *film {
	f := &film{Terminal: uitest.New(columns, rows)}
	fmt.Fprintf(f, "$ froyo apply\n")
	f.Progress = progress.New(f.Terminal, progress.Options{Live: true, Size: f.Size, Verb: verb, Hosts: hosts})
	return f
}

// names are h1, h2 and so on.
func names(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("h%d", i+1))
	}
	return out
}

// Write makes clear which of the two is written to.
func (f *film) Write(p []byte) (int, error) { return f.Terminal.Write(p) }

// wait lets time go by and takes a picture.
func (f *film) wait(d time.Duration, title string) {
	time.Sleep(d)
	synctest.Wait()
	fmt.Fprintf(&f.b, "== %s\n%s", title, f.Text())
}

func id(host, path string) unit.ID { return unit.ID{Host: host, Type: "file", Key: path} }

// applying plays a run of 20 hosts, one of which fails and one of which waits.
func applying(f *film) {
	for _, host := range slices.Backward(names(20)) {
		f.Emit(event.Event{Kind: event.UnitStarted, Host: host, Unit: id(host, "/etc/app.conf")})
	}
	f.wait(200*time.Millisecond, "nothing yet")
	f.wait(time.Second, "all at work")
	for i := range 14 {
		host := fmt.Sprintf("h%d", i+1)
		f.Emit(event.Event{Kind: event.UnitFinished, Host: host, Unit: id(host, "/etc/app.conf"), Status: unit.Changed})
		f.Emit(event.Event{Kind: event.HostFinished, Host: host})
	}
	for _, host := range []string{"h15", "h16", "h17", "h18", "h19"} {
		err := &diag.Error{Summary: "exit code 2", Detail: "a lot\nof evidence", Code: diag.Failed}
		f.Emit(event.Event{Kind: event.UnitFinished, Host: host, Unit: id(host, "/etc/app.conf"), Status: unit.Failed, Err: err})
		f.Emit(event.Event{Kind: event.UnitFinished, Host: host, Unit: id(host, "/etc/b"), Status: unit.Skipped})
		f.Emit(event.Event{Kind: event.HostFinished, Host: host, Err: err})
		f.Emit(event.Event{Kind: event.Printed, Pos: diag.Pos{File: "a.star", Line: 3}, Host: host, Text: "many say this"})
	}
	f.Emit(event.Event{Kind: event.UnitNoted, Host: "h20", Unit: id("h20", "/etc/app.conf"), Text: "waiting for the lock\x1b[2J\x07 of apt"})
	f.wait(100*time.Second, "one waits")
	f.Close()
	f.wait(0, "closed")
}

func TestScreen(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 50}, {40, 10}, {12, 2}} {
		name := fmt.Sprintf("screen-%dx%d.txt", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := record(size[0], size[1], "applying", names(20)...)
				applying(f)
				uitest.Golden(t, name, f.b.String())
			})
		})
	}
}

// TestScreenOfAPlan: what hosts do while they are planned, wide characters, and an end without a line.
func TestScreenOfAPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(40, 10, "planning", "h1", "größe", "日本")
		for _, host := range []string{"h1", "größe", "日本"} {
			f.Emit(event.Event{Kind: event.HostStarted, Host: host})
		}
		f.Emit(event.Event{Kind: event.HostReached, Host: "größe"})
		f.wait(5*time.Second, "connecting")
		f.Emit(event.Event{Kind: event.HostFailed, Host: "h1", Err: errors.New("refused"), Unreachable: true})
		f.Emit(event.Event{Kind: event.UnitNoted, Host: "日本", Unit: id("日本", "/srv/日本語日本語日本語日本語"), Text: "waiting"})
		f.wait(time.Second, "one failed")
		f.Emit(event.Event{Kind: event.HostPlanned, Host: "größe"})
		f.Emit(event.Event{Kind: event.HostPlanned, Host: "日本"})
		f.Close()
		f.Emit(event.Event{Kind: event.Printed, Text: "too late"})
		f.wait(0, "closed")
		uitest.Golden(t, "screen-plan.txt", f.b.String())
	})
}

// TestScreenIsResized: after the terminal became narrower or lower, nothing of a frame is left behind.
func TestScreenIsResized(t *testing.T) {
	for _, tt := range []struct {
		name          string
		columns, rows int
		overflows     bool // what scrolled off the screen cannot be taken back
	}{{"narrower", 33, 24, false}, {"wider", 120, 24, false}, {"narrower and lower", 25, 6, true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := record(60, 24, "applying", names(3)...)
				for _, host := range []string{"h1", "h2", "h3"} {
					f.Emit(event.Event{Kind: event.UnitStarted, Host: host, Unit: id("", "/a/path/of/sixty/characters/that/takes/the/whole/line.conf")})
				}
				time.Sleep(time.Second)
				synctest.Wait()
				f.Resize(tt.columns, tt.rows)
				time.Sleep(time.Second)
				synctest.Wait()
				if got := strings.Count(f.Text(), "applying"); got != 1 {
					t.Errorf("%d status lines:\n%s", got, f.Text())
				}
				f.Close()
				if want := "$ froyo apply\n\n"; f.Text() != want && !tt.overflows {
					t.Errorf("left behind:\n%s", f.Text())
				}
			})
		})
	}
}

// TestScreenFromTheTop: where a frame begins in the first row of the terminal, too, nothing of it is left behind.
func TestScreenFromTheTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := uitest.New(80, 24)
		p := progress.New(term, progress.Options{Live: true, Size: term.Size, Verb: "applying", Hosts: names(5)})
		for _, host := range names(5) {
			p.Emit(event.Event{Kind: event.UnitStarted, Host: host, Unit: id(host, "/a")})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		p.Stop("Stopping.")
		p.Emit(event.Event{Kind: event.HostFinished, Host: "h1"})
		time.Sleep(time.Second)
		synctest.Wait()
		if want := "  h5      2s  file[/a]\nstopping  1/5 hosts  2s\n"; !strings.HasSuffix(term.Text(), want) {
			t.Errorf("got\n%swant at the end\n%s", term.Text(), want)
		}
		p.Close()
		if want := "Stopping.\n\n"; term.Text() != want {
			t.Errorf("left behind:\n%s", term.Text())
		}
	})
}

// TestScreenOfOneHost: each of its units has a line that stays, also one that failed; that the host was refused is told
// by the end.
func TestScreenOfOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(80, 24, "applying", "h1")
		f.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: id("h1", "/a"), Status: unit.Changed})
		f.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: id("h1", "/b"), Status: unit.Failed, Err: errors.New("no")})
		f.Emit(event.Event{Kind: event.HostRefused, Host: "h1", Err: errors.New("locked")})
		time.Sleep(time.Second)
		synctest.Wait()
		stays := "$ froyo apply\nh1  changed  file[/a]\nh1  failed   file[/b]  no\n"
		if want := stays + "  h1  refused  locked\n"; !strings.HasPrefix(f.Text(), want) {
			t.Errorf("got\n%swant at first\n%s", f.Text(), want)
		}
		f.Close()
		if want := stays + "\n"; f.Text() != want {
			t.Errorf("got\n%swant\n%s", f.Text(), want)
		}
	})
}

func TestScreenWritesOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(80, 24, "applying", "h1")
		f.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: id("h1", "/a")})
		time.Sleep(10*time.Second + 50*time.Millisecond)
		synctest.Wait()
		if f.Writes() > 13 { // the first line, the first frame, then one a second
			t.Errorf("%d writes in ten seconds", f.Writes())
		}
		f.Close()
	})
}

func TestQuestionsAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(80, 24, "applying", "h1")
		f.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: id("h1", "/a")})
		f.wait(time.Second, "at work")
		f.Ask(func() {
			fmt.Fprint(f, "Go on? ")
			f.Emit(event.Event{Kind: event.Printed, Text: "in between"})
			f.wait(10*time.Second, "asked")
			fmt.Fprint(f, "y\n")
		})
		f.wait(time.Second, "answered")
		f.Close()
		uitest.Golden(t, "screen-question.txt", f.b.String())
	})
}

// TestLinesOfOthersStandAboveTheScreen, each on one of its own.
func TestLinesOfOthersStandAboveTheScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(80, 24, "planning", "h1")
		f.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: id("h1", "/a")})
		f.wait(time.Second, "at work")
		f.Above(func() { fmt.Fprint(f, "froyo: warning: another machine\n") })
		f.wait(time.Second, "warned")
		f.Close()
		want := "== at work\n$ froyo apply\n  h1      1s  file[/a]\nplanning  0/1 host  1s\n" +
			"== warned\n$ froyo apply\nfroyo: warning: another machine\n  h1      2s  file[/a]\nplanning  0/1 host  2s\n"
		if diff := cmp.Diff(want, f.b.String()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestUnitsAtWorkTogether: units side by side are counted as long as they are at work.
func TestUnitsAtWorkTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(80, 24, "applying", "h1")
		for _, path := range []string{"/a", "/b", "/b", "/c"} {
			f.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: id("h1", path)})
		}
		f.wait(time.Second, "three")
		f.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: id("h1", "/c"), Status: unit.Changed})
		f.wait(time.Second, "two")
		f.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: id("h1", "/a"), Status: unit.Changed})
		f.wait(time.Second, "one")
		f.Close()
		for _, want := range []string{"file[/c] and 2 more\n", "file[/b] and 1 more\n", "file[/b]\n"} {
			if !strings.Contains(f.b.String(), "s  "+want) {
				t.Errorf("%q is missing:\n%s", want, f.b.String())
			}
		}
	})
}

func TestProgressThroughAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got strings.Builder
		p := progress.New(&got, progress.Options{Verb: "applying", Hosts: names(2)})
		note := event.Event{Kind: event.UnitNoted, Host: "h1", Unit: id("h1", "/etc/motd"), Text: "waiting\x1b[31m"}
		for _, e := range uitest.Events() {
			p.Emit(e)
			p.Emit(note)
		}
		time.Sleep(11 * time.Second)
		p.Emit(note)
		p.Emit(event.Event{Kind: event.HostFailed, Host: "h2", Err: errors.New("gone")})
		p.Close()
		want := `h1  noted    file[/etc/motd]  waiting\x1b[31m
h1  changed  file[/etc/motd]  2.0s
h1  failed   file[/etc/motd]  x
a.star:1: hello \x1b]0;x\x07
h1  noted    file[/etc/motd]  waiting\x1b[31m
h2  failed   gone
`
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestColoursCanBeReadEverywhere: those that do not come from the terminal have contrast on black and on white.
func TestColoursCanBeReadEverywhere(t *testing.T) {
	channel := func(v int) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	for _, terminal := range []struct {
		exact bool
		want  float64
	}{{false, 3.9}, {true, 4.5}} {
		for _, color := range (ui.Style{Exact: terminal.exact}).Colors() {
			rgb, ok := uitest.Color(color)
			if !ok {
				t.Fatalf("%q depends on the terminal", color)
			}
			light := 0.2126*channel(rgb[0]) + 0.7152*channel(rgb[1]) + 0.0722*channel(rgb[2])
			if onBlack, onWhite := (light+0.05)/0.05, 1.05/(light+0.05); onBlack < terminal.want || onWhite < terminal.want {
				t.Errorf("%s has a contrast of %.2f on black and %.2f on white", color, onBlack, onWhite)
			}
		}
	}
}

// TestSlowHosts: where there is no screen, a host that is slow is named while it is, and with what.
func TestSlowHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedText
		p := progress.New(&out, progress.Options{Verb: "planning", Hosts: []string{"h1", "h2"}})
		for _, host := range []string{"h1", "h2"} {
			p.Emit(event.Event{Kind: event.HostStarted, Host: host})
			p.Emit(event.Event{Kind: event.HostReached, Host: host})
		}
		time.Sleep(time.Second)
		p.Emit(event.Event{Kind: event.HostPlanned, Host: "h2"})
		p.Emit(event.Event{Kind: event.UnitNoted, Host: "h1", Unit: id("h1", "/srv/x"), Text: "reading it"})
		time.Sleep(11*time.Second + time.Millisecond)
		p.Emit(event.Event{Kind: event.HostPlanned, Host: "h1"})
		time.Sleep(5 * time.Minute)
		p.Close()
		want := "h1  noted    file[/srv/x]  reading it\n" +
			"h1  slow     reading: file[/srv/x]: reading it  2s\n" +
			"h1  slow     reading: file[/srv/x]: reading it  10s\n"
		if got := out.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// TestSlowStagesAndUnits: that a host is still being read is worth no line at once, and the name of a unit that is slow
// stands in its line once, also where it notes something: verify's as well.
func TestSlowStagesAndUnits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedText
		p := progress.New(&out, progress.Options{Verb: "applying", Hosts: []string{"h1"}})
		p.Emit(event.Event{Kind: event.HostStarted, Host: "h1"})
		p.Emit(event.Event{Kind: event.HostReached, Host: "h1"})
		time.Sleep(10*time.Second + time.Millisecond)
		probe := unit.ID{Host: "h1", Scope: unit.Scope{Play: "web"}, Type: "probe_tcp", Key: "x:1"}
		p.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: probe})
		p.Emit(event.Event{Kind: event.UnitNoted, Host: "h1", Unit: probe, Text: "attempt 2"})
		time.Sleep(3 * time.Second)
		p.Close()
		want := "h1  slow     reading  10s\n" +
			"h1  noted    verify[web]/probe_tcp[x:1]  attempt 2\n" +
			"h1  slow     verify[web]/probe_tcp[x:1]: attempt 2  2s\n"
		if got := out.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// lockedText is text that two goroutines write and read.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestScreenOfWaiting: what hosts wait for of others, until they go on.
func TestScreenOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := record(60, 10, "applying", "h1", "h2", "h3")
		f.Emit(event.Event{Kind: event.UnitStarted, Host: "h1", Unit: id("h1", "/a")})
		f.Emit(event.Event{Kind: event.HostWaits, Host: "h2", Text: "waits at barrier all \x1b[2Jup"})
		f.Emit(event.Event{Kind: event.HostWaits, Host: "h3", Unit: id("h3", "/a"), Text: "waits for h1, where it is done once"})
		f.wait(5*time.Second, "waiting")
		f.Emit(event.Event{Kind: event.UnitFinished, Host: "h3", Unit: id("h3", "/a"), Status: unit.Skipped, Reason: "done once, on h1"})
		f.Emit(event.Event{Kind: event.UnitStarted, Host: "h2", Unit: id("h2", "/b")})
		f.wait(5*time.Second, "going on")
		f.Close()
		uitest.Golden(t, "screen-waiting.txt", f.b.String())
	})
}

var _ event.Sink = (*progress.Progress)(nil)
