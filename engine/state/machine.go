package state

import (
	"context"
	"time"
)

// Machines are those that answered under hosts' names. What is protected and
// pending on one that no longer answers stays until an operator has decided about it.
type Machines interface {
	// Machines lists the machine that stands behind each name and those of which
	// something is protected or pending, by host; of one host where it is not "".
	Machines(ctx context.Context, workspace, host string) ([]Machine, error)
	// CarryOver makes what is protected and pending on other machines of the name
	// the machine's, for good: it is the same one, under another machine-id.
	CarryOver(ctx context.Context, workspace, host, machineID string) error
	// Forget drops, for good, what is protected and pending on other machines of the name.
	Forget(ctx context.Context, workspace, host, machineID string) error
}

// Machine is one that answered under a name. Its ID is "" where the host had none.
type Machine struct {
	Host string
	ID   string
	// Current says that it was the last to answer, Since since when.
	Current bool
	Since   time.Time
	// Protected counts its resources that must not be removed, Pending the handlers that have not run.
	Protected int
	Pending   int
}
