package hosttime

import (
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
)

// Hosts is how long each host may be at work in a stage of the run, 0 for as
// long as it takes. It is safe for concurrent use.
type Hosts struct {
	Limit time.Duration

	mu    sync.Mutex
	hosts []*Target
}

// Target bounds the time of a host's ops.
func (t *Hosts) Target(host string, of plan.Target) plan.Target {
	if t.Limit <= 0 {
		return of
	}
	bounded := Wrap(of, host, t.Limit)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hosts = append(t.hosts, bounded)
	return bounded
}

// Restart gives all hosts their whole time, for the next stage.
func (t *Hosts) Restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.hosts {
		h.Restart()
	}
}

// Late is the error about a host that was not planned in time.
func (t *Hosts) Late(host, doing string) error {
	return Late(host, t.Limit, "it was still "+doing)
}
