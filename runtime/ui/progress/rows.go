package progress

import (
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// row is a host at work.
type row struct {
	host, doing, note string
	since             time.Time
	idle              time.Time // zero while it is at work
	told              int       // lines that said that it is slow
	units             []string  // that have begun and not ended, side by side
	stage             bool      // doing is a stage of all hosts, not a unit
}

// slow is after which times at one thing a host gets a line where there is no
// screen; after the last, it gets one each time that long has passed.
var slow = []time.Duration{2 * time.Second, 10 * time.Second, time.Minute}

// watch names hosts that are slow, while they are.
func (p *Progress) watch() {
	t := time.NewTicker(slow[0] / 4)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			for _, r := range p.working {
				if now := time.Now(); r.idle.IsZero() && now.Sub(r.since) >= r.due() {
					r.told = r.lines() + 1
					p.line("", fmt.Sprintf("%s  slow     %s  %s", r.host, r.text(), elapsed(now.Sub(r.since))))
				}
			}
			p.mu.Unlock()
		}
	}
}

// due is how long the host may be at it before the next line.
func (r *row) due() time.Duration {
	told := r.lines()
	if last := len(slow) - 1; told > last {
		return slow[last] * time.Duration(told-last+1)
	}
	return slow[told]
}

// lines is how many lines said that it is slow. That a stage takes its time is not worth the first.
func (r *row) lines() int {
	if r.stage && r.note == "" {
		return max(r.told, 1)
	}
	return r.told
}

// text is what the host does.
func (r *row) text() string {
	text := ui.Readable(r.doing)
	if n := len(r.units); n > 1 && slices.Contains(r.units, r.doing) {
		text += fmt.Sprintf(" and %d more", n-1)
	}
	if r.note != "" {
		text += ": " + ui.Readable(r.note)
	}
	return text
}

// at notes what a host does from now on.
func (p *Progress) at(host, doing string) *row {
	r := p.row(host)
	if r == nil {
		r = &row{host: host}
		at, _ := slices.BinarySearchFunc(p.working, host, func(r *row, host string) int { return p.hosts[r.host] - p.hosts[host] })
		p.working = slices.Insert(p.working, at, r)
		p.wide = max(p.wide, min(layout.Width(host), maxName))
	}
	r.doing, r.note, r.since, r.idle, r.told = doing, "", time.Now(), time.Time{}, 0
	r.stage = false
	return r
}

func (p *Progress) row(host string) *row {
	if i := slices.IndexFunc(p.working, func(r *row) bool { return r.host == host }); i >= 0 {
		return p.working[i]
	}
	return nil
}
