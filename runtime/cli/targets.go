package cli

import "fmt"

// checkTargets tells which units take part besides those that were named, and
// refuses a name that means none.
func (r *run) checkTargets() error {
	unplanned := false
	for _, h := range r.planned {
		unplanned = unplanned || h.Err != nil
	}
	if err := r.targets.Unmatched(); err != nil && !unplanned { // the unit may be that host's
		return err
	}
	r.noteTargets()
	return nil
}

func (j *job) noteTargets() {
	for _, note := range j.targets.Notes() {
		j.env.errors.Note(fmt.Sprint(note))
	}
}
