package watchdog

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/guard"
)

// lookEvery is how often the watching process looks whether its guard was called off.
const lookEvery = 200 * time.Millisecond

// watch waits until the time is up, and puts back what was there. It ends before that where the guard is called off.
func (g *Guard) watch() error {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE) // whoever began it may go
	s, err := g.read()
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(g.dir(s.ID)+watching, nil, 0o600); err != nil {
		return err
	}
	for {
		switch now, err := g.read(); {
		case errors.Is(err, errNone):
			return g.lost(s)
		case err == nil && (now.ID != s.ID || now.Phase != guard.Armed):
			return nil
		case err != nil: // its disk fails: what is known already has to do
		}
		if s.Boot != bootID() || uptime() >= s.Until {
			return g.due(s.ID)
		}
		time.Sleep(min(lookEvery, time.Duration(s.Until-uptime())*time.Millisecond+time.Millisecond))
	}
}

// lost is called where there is no state any more. One that was confirmed has removed all; else somebody else removed that, and what
// is still kept is put back.
func (g *Guard) lost(s *guard.State) error {
	lock, err := g.lock()
	if err == nil {
		defer lock.Close()
		if _, err := g.read(); err == nil {
			return nil // another was armed
		}
		if _, err := os.Lstat(g.dir(s.ID)); err == nil {
			return g.restore(s, guard.Lost, "")
		}
	}
	g.unhook(s.ID)
	tidy(g.Root)
	return nil
}

// due puts back what was there, unless that was called off, or done, at the last moment.
func (g *Guard) due(id string) error {
	lock, err := g.lock()
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	s, err := g.read()
	switch {
	case errors.Is(err, errNone) || err == nil && (s.ID != id || s.Phase != guard.Armed):
		return nil
	case err != nil:
		return err
	case s.Boot != bootID():
		return g.restore(s, guard.Booted, "")
	}
	return g.restore(s, guard.NotConfirmed, "")
}

// boot puts back what was there where the host has booted since.
func (g *Guard) boot() error {
	s, err := g.read()
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.Boot == bootID() {
		return nil
	}
	return g.due(s.ID)
}
