package abi

import (
	"errors"
)

// Agree refuses a change whose action and effects say different things, as far
// as that is sure: who reads "no changes" must be able to rely on it.
//
//	none     has neither effects nor differences
//	probe    asks, or runs programs; it does nothing else to the target
//	create, update, replace, run   have an effect that can change the target
//	create, update                 take nothing away
//	delete                         has an effect that can take something away
func (c *Change) Agree() error {
	switch c.Action {
	case None:
		switch {
		case len(c.Effects) > 0:
			return errors.New("says that nothing is to do, and announces " + c.Effects[0].Op.String())
		case len(c.Diffs) > 0:
			return errors.New("says that nothing is to do, and that " + c.Diffs[0].Field + " differs")
		}
		return nil
	case Probe:
		for _, e := range c.Effects {
			if e.Op.Changes() && e.Op.Exec == nil {
				return errors.New("says that it only asks, and announces " + e.Op.String())
			}
		}
		return nil
	}
	changes, takes := false, false
	for _, e := range c.Effects {
		changes = changes || e.Op.Changes()
		takes = takes || e.mayTake()
		if _, only := e.Op.Takes(); only && (c.Action == Create || c.Action == Update) {
			return errors.New("says " + string(c.Action) + ", and announces " + e.Op.String() + ", which takes away")
		}
	}
	switch {
	case !changes:
		return errors.New("says " + string(c.Action) + ", and announces nothing that changes the target")
	case c.Action == Delete && !takes:
		return errors.New("says delete, and announces nothing that could take anything away")
	}
	return nil
}

// mayTake reports whether an effect may take something away: not what makes
// directories and links or sets attributes, nor packages that are to be there.
func (e Effect) mayTake() bool {
	if !e.Op.Changes() {
		return false
	}
	may, _ := e.Op.Takes()
	return may || e.Op.PkgEnsure != nil && e.open("packages.state")
}
