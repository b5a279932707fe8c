package state

import (
	"context"
	"encoding/json"
	"time"

	"github.com/openfroyo/froyo/engine/output"
)

// Progress is how far a run has come, for the one that resumes it where
// its process died.
type Progress interface {
	// Unfinished lists the runs of a workspace that are under way, or whose process died.
	Unfinished(ctx context.Context, workspace string) ([]Run, error)
	// SavePlan keeps what a run goes by, for good, in place of what was kept. It
	// lasts until the run has succeeded; of runs that are not under way a store MAY
	// forget all but the latest 20.
	SavePlan(ctx context.Context, run string, plan []byte) error
	// PlanOf returns it, or an error that matches fs.ErrNotExist.
	PlanOf(ctx context.Context, run string) ([]byte, error)
	// RecordIntent records, for good, that units are about to act, and that handlers
	// are pending for what they may change, in case the process dies. The
	// units' status is open until their end is recorded. What is pending already stays
	// as it is.
	RecordIntent(ctx context.Context, b Intent) error
	// RecordEnds records, for good, how units ended that RecordChange
	// does not speak of. All of it is kept or nothing.
	RecordEnds(ctx context.Context, run string, ends ...UnitEnd) error
	// EndDead records how a run ended whose process died, and drops its locks. It
	// does nothing where the run is no longer under way in that process, since
	// another has ended it or resumes it.
	EndDead(ctx context.Context, run string, was Process, e End) error
	// ResumeRun makes a run that has ended, and whose plan is kept, one that is under
	// way in another process, and returns the Seq of its last event. Of several
	// that try, one succeeds: a run that is under way is refused as locked.
	ResumeRun(ctx context.Context, run string, in Process, now time.Time) (int64, error)
	// CancelResume takes back that a run was resumed, of which nothing came: it has ended as it had before, and what
	// was approved and applied then is so again. It MUST refuse a run that is not under way, or was not resumed.
	CancelResume(ctx context.Context, run string) error
}

// Process is where a run is at work.
type Process struct {
	PID int
	// Birth tells it from all others that its machine had, "" where that is not known.
	Birth string
}

// Intent is units of a host that are about to act.
type Intent struct {
	Run       string
	Host      string
	MachineID string
	Units     []string // file[/etc/motd]
	Time      time.Time
	Handlers  []PendingHandler
}

// UnitEnd is how a unit ended. A Status of "" is that it never began.
type UnitEnd struct {
	Host    string
	Unit    string
	Status  string
	Outputs json.RawMessage
	// Output is what its programs printed by Time, nil where it ran none.
	Output *output.Output
	Time   time.Time
}
