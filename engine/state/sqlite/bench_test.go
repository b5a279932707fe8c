package sqlite

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/providers/abi"
)

// BenchmarkNoopRun records a run of 20 hosts and 19 units each that changes
// nothing, from opening the store to closing it.
func BenchmarkNoopRun(b *testing.B) {
	dir := b.TempDir()
	const hosts, units = 20, 19
	n := 0
	for b.Loop() {
		n++
		run := fmt.Sprint("r", n)
		s := openStore(b, dir)
		must(b, s.BeginRun(b.Context(), state.Run{ID: run, Workspace: "/w", Started: time.Now()}))
		var planned []state.PlanUnit
		var events []state.Event
		for h := range hosts {
			host := fmt.Sprint("h", h)
			if _, err := s.HostSeen(b.Context(), state.Sighting{Workspace: "/w", Host: host, MachineID: host}); err != nil {
				b.Fatal(err)
			}
			for u := range units {
				planned = append(planned, state.PlanUnit{Host: host, Unit: fmt.Sprintf("file[/etc/froyo/%d.conf]", u), Position: u, Action: abi.None})
			}
			events = append(events, state.Event{Seq: int64(2 * h), Host: host, Kind: "host.started", Data: json.RawMessage(`{}`)},
				state.Event{Seq: int64(2*h + 1), Host: host, Kind: "host.planned", Data: json.RawMessage(`{}`)})
		}
		must(b, s.SaveUnits(b.Context(), run, planned))
		must(b, s.AppendEvents(b.Context(), run, events))
		must(b, s.FinishRun(b.Context(), run, state.End{Ended: time.Now(), Status: state.Succeeded}))
		closeStore(b, s)
	}
}

// BenchmarkRows measures a row within a transaction.
func BenchmarkRows(b *testing.B) {
	s := openStore(b, b.TempDir())
	defer closeStore(b, s)
	must(b, s.BeginRun(b.Context(), state.Run{ID: "r1"}))
	const rows = 10000
	data := json.RawMessage(`{"event":"unit.finished","host":"h1","unit":"` + strings.Repeat("x", 100) + `"}`)
	events := make([]state.Event, rows)
	var seq int64
	for b.Loop() {
		for i := range events {
			seq++
			events[i] = state.Event{Seq: seq, Host: "h1", Unit: "file[/etc/motd]", Kind: "unit.finished", Data: data}
		}
		must(b, s.AppendEvents(b.Context(), "r1", events))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*rows), "µs/row")
}

// BenchmarkChanges records durable changes from as many hosts at once.
func BenchmarkChanges(b *testing.B) {
	for _, hosts := range []int{1, 20} {
		b.Run(fmt.Sprint("hosts=", hosts), func(b *testing.B) {
			s := openStore(b, b.TempDir())
			defer closeStore(b, s)
			must(b, s.BeginRun(b.Context(), state.Run{ID: "r1"}))
			n := 0
			for b.Loop() {
				n++
				var wg sync.WaitGroup
				for h := range hosts {
					wg.Go(func() {
						c := resource("r1", n)
						c.Host = fmt.Sprint("h", h)
						if err := s.RecordChange(b.Context(), c); err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*hosts), "µs/change")
		})
	}
}

// BenchmarkOpen measures what a command pays that only reads.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	closeStore(b, openStore(b, dir))
	for b.Loop() {
		closeStore(b, openStore(b, dir))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
