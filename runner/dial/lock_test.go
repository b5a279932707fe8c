package dial_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// fencedHost has runners that note each command with their user, and answer it well
// but where a file USER.KIND has another result.
func fencedHost(t *testing.T, gate dial.Gate) (*dial.Session, string) {
	t.Helper()
	dir := t.TempDir()
	h := newHost(t)
	h.install(t, "sudo", freeSudo)
	script := `bad=none; user=${FROYO_TEST_USER:-tester}
while read -r line; do case $line in
*'"exit"'*) echo '{"bye":{}}'; exit 0;;
*'"ping"'*) echo '{"pong":{}}'; continue;;
*'"cancel"'*) echo "$user cancel" >>` + dir + `/log; echo '{"done":{"id":'$id',"not_run":true,"result":{}}}'; continue;;
esac
id=${line#*'"id":'}; id=${id%%[,\}]*}; kind=${line#*'"op":{"'}; kind=${kind%%'"'*}
token=${line#*'"token":'}; case $line in *'"token":'*) token=" ${token%%[,\}]*}";; *) token=;; esac
case $line in *'"shared":'*) token="$token shared";; esac
case $line in *'"after":['$bad']'*) bad=$id; echo '{"done":{"id":'$id',"not_run":true,"result":{}}}'; continue;; esac
echo "$user $kind$token" >>` + dir + `/log
case $kind in exec) result='{"exec":{"rc":0}}';; fs.stat) result='{"fs.stat":{"exists":false,"uid":0,"gid":0}}';; *) result='{"done":{"changed":false}}';; esac
if [ -e ` + dir + `/$user.$kind ]; then read -r result <` + dir + `/$user.$kind; [ ! -e ` + dir + `/once ] || rm -f ` + dir + `/$user.$kind ` + dir + `/once; fi
case $result in *'"error"'*) bad=$id;; esac
[ "$result" = silence ] || [ "$result" = end ] || echo '{"done":{"id":'$id',"result":'$result'}}'
[ "$result" != end ] || exit 1
done`
	return h.open(t, dial.Options{Binary: scripted(t, script), Gate: gate}), dir
}

func answer(t *testing.T, dir, name, result string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(result+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// logged returns what the runners were asked, and forgets it.
func logged(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "log")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n"), ", ")
}

func lockWith(token int64) target.Step {
	return target.Step{Op: op.Op{Lock: &op.Lock{Run: "r1", Owner: "ada@laptop", Token: token, Name: "h1"}}}
}

func by(user string) target.Step { return target.Step{Op: shell("true"), User: user} }

const brokenResult = `{"error":{"class":"conflict","code":"broken","message":"run r1 no longer holds the host"}}`

func errorOf(code string) string {
	return `{"error":{"class":"conflict","code":"` + code + `","message":"m","holder":{"run":"r1","name":"h2","token":7,"uid":3}}}`
}

// must performs steps that have to go well, and returns the round trips.
func must(t *testing.T, s *dial.Session, steps ...target.Step) int64 {
	t.Helper()
	before := s.Stats().RoundTrips
	outcomes, err := s.Run(t.Context(), steps)
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != len(steps) {
		t.Fatalf("%d outcomes of %d steps", len(outcomes), len(steps))
	}
	for i, o := range outcomes {
		if !o.Succeeded() {
			t.Fatalf("step %d: %+v", i, o)
		}
	}
	return s.Stats().RoundTrips - before
}

// TestFence tells each further runner once of the lock, ahead of its first change and
// in the same round trip; what only reads does not ask for it.
func TestFence(t *testing.T) {
	s, dir := fencedHost(t, nil)
	look := stat("/a")
	look.User = "app"
	for _, test := range []struct {
		steps []target.Step
		trips int64
		want  string
	}{
		{[]target.Step{by("app")}, 2 + 1, "app exec"}, // nothing is held
		{[]target.Step{lockWith(5), by("")}, 2 + 1, "tester lock.acquire 5, tester exec"},
		{[]target.Step{look}, 1, "app fs.stat"},
		{[]target.Step{by("app"), by("app"), by("")}, 2, "app lock.watch 5, app exec, app exec, tester exec"},
		{[]target.Step{by("app"), by("web")}, 2 + 2, "app exec, web lock.watch 5, web exec"},
		{[]target.Step{lockWith(9), by("")}, 1, "tester lock.acquire 5, tester exec"}, // the same lock
	} {
		if trips := must(t, s, test.steps...); trips != test.trips {
			t.Errorf("%d round trips, want %d", trips, test.trips)
		}
		if diff := cmp.Diff(test.want, logged(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestFenceAnswersOutcomes keeps the outcomes of steps where they belong.
func TestFenceAnswersOutcomes(t *testing.T) {
	s, dir := fencedHost(t, nil)
	must(t, s, lockWith(5))
	answer(t, dir, "app.exec", `{"error":{"class":"permanent","message":"no"}}`)
	outcomes, err := s.Run(t.Context(), []target.Step{by("app"), by("app")})
	if err != nil || len(outcomes) != 2 || outcomes[0].Result.Error == nil || outcomes[1].Ran {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

// TestLostFence has one runner see that the host is lost: nothing more is done by
// any, and what another has under way is given up.
func TestLostFence(t *testing.T) {
	for _, kind := range []string{"exec", "lock.watch"} {
		t.Run(kind, func(t *testing.T) {
			s, dir := fencedHost(t, nil)
			must(t, s, lockWith(5))
			answer(t, dir, "web.exec", "silence")
			slow := make(chan error, 1)
			go func() {
				_, err := s.Run(context.WithoutCancel(t.Context()), []target.Step{by("web")})
				slow <- err
			}()
			eventually(t, "web's program", func() bool {
				text, err := os.ReadFile(filepath.Join(dir, "log"))
				return err == nil && strings.Contains(string(text), "web exec")
			})
			answer(t, dir, "app."+kind, brokenResult)
			outcomes, err := s.Run(t.Context(), []target.Step{by("app"), by("")})
			lost, ok := errors.AsType[*target.LockLostError](err)
			if !ok || lost.Host != "h1" || !strings.Contains(err.Error(), "no longer holds the host") {
				t.Fatalf("got %v", err)
			}
			for _, o := range outcomes {
				if o.Ran {
					t.Errorf("something ran: %+v", outcomes)
				}
			}
			select {
			case err := <-slow:
				if !errors.Is(err, lost) {
					t.Errorf("what was under way: %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("what was under way was not given up")
			}
			eventually(t, "the cancel", func() bool {
				text, err := os.ReadFile(filepath.Join(dir, "log"))
				return err == nil && strings.Contains(string(text), "web cancel")
			})
			logged(t, dir)
			for _, user := range []string{"", "app", "web", "new"} {
				if _, err := s.Run(t.Context(), []target.Step{by(user)}); !errors.Is(err, lost) {
					t.Errorf("as %q: %v", user, err)
				}
			}
			if text := logged(t, dir); text != "" {
				t.Errorf("then it was asked for %s", text)
			}
		})
	}
}

// TestUnansweredWatch has a runner that cannot say whether the run has its lock: it
// changes nothing, the reason is told, and the next change asks again.
func TestUnansweredWatch(t *testing.T) {
	for name, perform := range map[string]func(s *dial.Session) error{
		"in sequence": func(s *dial.Session) error { _, err := s.Run(t.Context(), []target.Step{by("app")}); return err },
		"at once":     func(s *dial.Session) error { _, err := s.Do(t.Context(), []target.Step{by("app")}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := fencedHost(t, nil)
			must(t, s, lockWith(5))
			answer(t, dir, "app.lock.watch", `{"error":{"class":"transient","code":"timeout","message":"took too long"}}`)
			for range 2 {
				wantError(t, perform(s), target.StageLost, "cannot look at the host's lock: took too long",
					"nothing was changed by it, since another run could have the host; what was finished stays; once the host is well, the same run does the rest")
			}
			if err := os.Remove(filepath.Join(dir, "app.lock.watch")); err != nil {
				t.Fatal(err)
			}
			must(t, s, by("app"))
			want := "tester lock.acquire 5, app lock.watch 5, app lock.watch 5, app lock.watch 5, app exec"
			if diff := cmp.Diff(want, logged(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("by the holder", func(t *testing.T) {
		s, dir := fencedHost(t, nil)
		must(t, s, lockWith(5))
		answer(t, dir, "app.lock.watch", errorOf("unseen"))
		answer(t, dir, "tester.lock.watch", `{"error":{"class":"permanent","message":"no"}}`)
		_, err := s.Run(t.Context(), []target.Step{by("app")})
		wantError(t, err, target.StageLost, "cannot look at the host's lock: no")
	})
}

// TestLostToAnother ends the runner that holds the lock: who has the host now is
// asked once, by a new runner, and told with how it was noticed. Where no run has
// it, or it cannot be learned, the loss stays what it is.
func TestLostToAnother(t *testing.T) {
	const other = `{"error":{"class":"conflict","code":"broken","message":"run r1 no longer holds the host","holder":{"run":"r2","owner":"bob@desk"}}}`
	for _, test := range []struct {
		name, answer string
		fenced       bool
	}{
		{"another has it", other, true},
		{"no run has it", brokenResult, false},
		{"the run has it still", `{"done":{"changed":false}}`, false},
		{"it cannot be seen", errorOf("unseen"), false},
		{"that runner ends, too", "end", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, dir := fencedHost(t, nil)
			must(t, s, lockWith(5), by("app"))
			answer(t, dir, "tester.lock.watch", test.answer)
			answer(t, dir, "tester.exec", "end")
			logged(t, dir)
			for range 2 {
				_, err := s.Run(t.Context(), []target.Step{by("")})
				lost, fenced := errors.AsType[*target.LockLostError](err)
				switch {
				case fenced != test.fenced:
					t.Errorf("got %v", err)
				case fenced && (lost.Reason.Holder.Run != "r2" || lost.Lost == nil || !strings.Contains(err.Error(), "the runner ended")):
					t.Errorf("got %v, of %+v", err, lost.Reason.Holder)
				case !fenced:
					wantError(t, err, target.StageLost, "the runner ended")
				}
			}
			if got := strings.Count(logged(t, dir), "lock.watch"); got != 1 {
				t.Errorf("asked %d times, want once", got)
			}
		})
	}
}

// TestLostRunner ends one runner: the session is over for all of them.
func TestLostRunner(t *testing.T) {
	s, dir := fencedHost(t, nil)
	must(t, s, lockWith(5), by("app"))
	answer(t, dir, "tester.exec", "end")
	_, first := s.Run(t.Context(), []target.Step{by("")})
	wantError(t, first, target.StageLost, "the runner ended")
	_, err := s.Run(t.Context(), []target.Step{by("app")})
	wantError(t, err, target.StageLost, "the runner ended")
}

// TestUnseenLock asks the runner that holds a lock where another cannot see it.
func TestUnseenLock(t *testing.T) {
	s, dir := fencedHost(t, nil)
	must(t, s, lockWith(5))
	answer(t, dir, "app.lock.watch", errorOf("unseen"))
	must(t, s, by("app"))
	must(t, s, by("app"))
	want := "tester lock.acquire 5, app lock.watch 5, tester lock.watch 5, app exec, tester lock.watch 5, app exec"
	if diff := cmp.Diff(want, logged(t, dir)); diff != "" {
		t.Error(diff)
	}
	answer(t, dir, "tester.lock.watch", brokenResult)
	if _, err := s.Run(t.Context(), []target.Step{by("app")}); !isFencedError(err) {
		t.Errorf("got %v", err)
	}
	if text := logged(t, dir); text != "tester lock.watch 5" {
		t.Errorf("it was asked for %s", text)
	}
}

func isFencedError(err error) bool {
	_, is := errors.AsType[*target.LockLostError](err)
	return is
}

// oneGate believes one holder, or none, and notes who enters.
type oneGate struct {
	token   int64
	entered int
	took    []int64
	inside  func() // runs once, when something has entered
	each    func() // runs whenever something has entered
}

func (g *oneGate) Enter(context.Context) (func(), error) {
	g.entered++
	if g.each != nil {
		g.each()
	}
	if f := g.inside; f != nil {
		g.inside = nil
		f()
	}
	return func() {}, nil
}

func (g *oneGate) Acquiring(l op.Lock)     { g.took = append(g.took, l.Token) }
func (g *oneGate) Shared(h op.Holder) bool { return g.each != nil || h.Token == g.token }

// TestSharedLock has the run know the machine by another name, whose lock all of
// this name's runners then depend on.
func TestSharedLock(t *testing.T) {
	gate := &oneGate{token: 7}
	s, dir := fencedHost(t, gate)
	answer(t, dir, "tester.lock.acquire", errorOf("shared"))
	answer(t, dir, "once", "")
	must(t, s, lockWith(5), by(""))
	must(t, s, by("app"))
	must(t, s, stat("/a"))
	want := "tester lock.acquire 5, tester lock.acquire 5 shared, tester exec, app lock.watch 7, app exec, tester fs.stat"
	if diff := cmp.Diff(want, logged(t, dir)); diff != "" {
		t.Error(diff)
	}
	if gate.entered != 3 || len(gate.took) != 2 { // reading takes no turn
		t.Errorf("entered %d times, told of %v", gate.entered, gate.took)
	}
}

// TestSharedLockTakesTurns has the other name found by one of two that are at work. The
// second entered before, so it must ask anew: it takes no turns with that name yet.
func TestSharedLockTakesTurns(t *testing.T) {
	gate := &oneGate{token: 7}
	s, dir := fencedHost(t, gate)
	answer(t, dir, "tester.lock.acquire", errorOf("shared"))
	answer(t, dir, "once", "")
	gate.inside = func() {
		must(t, s, lockWith(5))
		answer(t, dir, "tester.lock.acquire", errorOf("shared"))
		answer(t, dir, "once", "")
	}
	must(t, s, lockWith(5))
	want := "tester lock.acquire 5, tester lock.acquire 5 shared, tester lock.acquire 5, tester lock.acquire 5 shared"
	if diff := cmp.Diff(want, logged(t, dir)); diff != "" {
		t.Error(diff)
	}
	if gate.entered != 4 {
		t.Errorf("entered %d times, want each attempt anew", gate.entered)
	}
}

// TestManyNames has a machine with a dozen other names, of which one has it after the other before this one gets its turn;
// and one that says of two without end that they have it.
func TestManyNames(t *testing.T) {
	for _, names := range []int{12, 2} {
		gate := &oneGate{}
		s, dir := fencedHost(t, gate)
		gate.each = func() {
			result := `{"done":{"changed":false}}`
			if names == 2 || gate.entered <= 2*names {
				result = strings.Replace(errorOf("shared"), `"token":7`, `"token":`+strconv.Itoa(gate.entered/2%names+20), 1)
				if gate.entered%2 == 0 {
					result = errorOf("unseen") // it has ended meanwhile
				}
			}
			answer(t, dir, "tester.lock.acquire", result)
		}
		_, err := s.Run(t.Context(), []target.Step{lockWith(5)})
		if names == 12 && (err != nil || gate.entered != 2*names+1) {
			t.Errorf("entered %d times, %v", gate.entered, err)
		}
		if names == 2 && (err == nil || gate.entered > 20 || !strings.Contains(err.Error(), "other names of the machine come and go")) {
			t.Errorf("entered %d times, %v", gate.entered, err)
		}
	}
}

// TestSharedLockOfOthers has something say that it is this run.
func TestSharedLockOfOthers(t *testing.T) {
	s, dir := fencedHost(t, &oneGate{token: 8})
	answer(t, dir, "tester.lock.acquire", errorOf("shared"))
	outcomes, err := s.Run(t.Context(), []target.Step{lockWith(5), by("")})
	if err != nil || outcomes[0].Result.Error == nil || outcomes[0].Result.Error.Code != op.CodeHeld || outcomes[1].Ran {
		t.Errorf("%+v, %v, want that the host is held", outcomes, err)
	}
	if text := logged(t, dir); text != "tester lock.acquire 5" {
		t.Errorf("it was asked for %s", text)
	}
}
