package rollout

import "github.com/openfroyo/froyo/engine/event"

// throttle bounds how many hosts execute a unit at once.
type throttle struct {
	active  int
	waiting []*acquisition
}

// acquisition is a host's coming to a unit that is throttled.
type acquisition struct {
	unit string // as the hosts share its name
	most int
	wait *wait
}

func (a *acquisition) enter(s *scheduler, w *wait) bool {
	t := s.throttles[a.unit]
	if t == nil {
		t = &throttle{}
		s.throttles[a.unit] = t
	}
	if t.active < a.most {
		t.active++
		return true
	}
	a.wait = w
	t.waiting = append(t.waiting, a)
	return false
}

// throttleReleased is the message that a host has executed a throttled unit.
type throttleReleased struct{ unit string }

func (m throttleReleased) handle(s *scheduler) {
	t := s.throttles[m.unit]
	t.active--
	for len(t.waiting) > 0 && t.active < t.waiting[0].most {
		if s.wake(t.waiting[0].wait, Granted) {
			t.active++
		}
		t.waiting = t.waiting[1:]
	}
}

// AcquireThrottle waits until fewer than most other hosts execute a unit. Where
// that is granted, ReleaseThrottle must be called once it was executed.
func (t *Slot) AcquireThrottle(unit string, most int, told event.Event) Verdict {
	return t.wait(&acquisition{unit: unit, most: most}, told)
}

// ReleaseThrottle lets another host execute the unit.
func (t *Slot) ReleaseThrottle(unit string) {
	t.scheduler.messages <- throttleReleased{unit}
}
