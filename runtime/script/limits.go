package script

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// thread makes a thread within the program's limits. done must be called when
// its work is over. Builtins that take long look at bounds.Context.
func (p *Program) thread(ctx context.Context, name string) (*starlark.Thread, func()) {
	t := &starlark.Thread{Name: name}
	ctx, cancel := context.WithCancelCause(ctx)
	bounds.SetContext(t, ctx)
	t.SetMaxExecutionSteps(p.opts.MaxSteps)
	t.OnMaxSteps = func(t *starlark.Thread) {
		t.Cancel(fmt.Sprintf("the evaluation took more than %d steps", p.opts.MaxSteps))
	}
	if ctx.Err() != nil {
		t.Cancel("interrupted")
	}
	stop := context.AfterFunc(ctx, func() { t.Cancel("interrupted") })
	release := p.watchdog.watch(func(why string) {
		t.Cancel(why) // the first reason counts
		cancel(fmt.Errorf("%s", why))
	})
	return t, func() {
		stop()
		release()
		cancel(nil)
	}
}

// Limits of the watchdog.
const (
	maxGrowth = 1 << 30 // bytes of heap
	minGrowth = 1 << 27 // however little the machine has
	watchEach = 20 * time.Millisecond
)

// watchdog ends evaluations during whose work the process's heap grows too
// much: what grows step by step. A single step that would take much is
// refused by package bounds. It cannot tell whose memory it is.
type watchdog struct {
	mu      sync.Mutex
	max     uint64
	watched map[*evaluation]bool
	running bool
}

type evaluation struct {
	before uint64 // heap when it began
	end    func(why string)
}

// watch begins to guard an evaluation; the result ends it.
func (w *watchdog) watch(end func(why string)) (release func()) {
	e := &evaluation{before: heapSize(), end: end}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watched == nil {
		w.watched = map[*evaluation]bool{}
		w.max = growth(freeMemory())
	}
	w.watched[e] = true
	if !w.running {
		w.running = true
		go w.run()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watched, e)
	}
}

// growth is how far the heap may grow where so much memory is free: half of it, within bounds.
func growth(free uint64) uint64 { return min(max(free/2, minGrowth), maxGrowth) }

// run looks at the heap until no evaluation is left.
func (w *watchdog) run() {
	tick := time.NewTicker(watchEach)
	defer tick.Stop()
	for range tick.C {
		heap := heapSize()
		if w.over(heap) && !w.over(heap/2) {
			runtime.GC() // much of it may be garbage
			heap = heapSize()
		}
		if !w.check(heap) {
			return
		}
	}
}

// over reports whether any evaluation has too much.
func (w *watchdog) over(heap uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range w.watched {
		if heap > e.before+w.max {
			return true
		}
	}
	return false
}

// check ends the evaluations that have too much, and reports whether others are left.
func (w *watchdog) check(heap uint64) (more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range w.watched {
		if heap > e.before+w.max {
			e.end(fmt.Sprintf("the evaluation uses too much memory: the heap grew by %d MiB; the limit is %d MiB", (heap-e.before)>>20, w.max>>20))
		}
	}
	w.running = len(w.watched) > 0
	return w.running
}

func heapSize() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

// freeMemory returns what the machine and the process's cgroup have left, the
// smaller of both; what is not known does not count.
func freeMemory() uint64 {
	free := uint64(1) << 62
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range bytes.Lines(text) {
			if rest, ok := bytes.CutPrefix(line, []byte("MemAvailable:")); ok {
				if fields := bytes.Fields(rest); len(fields) > 0 {
					if n, ok := number(fields[0]); ok {
						free = n << 10
					}
				}
			}
		}
	}
	most, ok1 := readNumber("/sys/fs/cgroup/memory.max")
	used, ok2 := readNumber("/sys/fs/cgroup/memory.current")
	if ok1 && ok2 {
		free = min(free, most-min(used, most))
	}
	return free
}

func readNumber(file string) (uint64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	return number(bytes.TrimSpace(text))
}

func number(text []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(text), 10, 64)
	return n, err == nil
}
