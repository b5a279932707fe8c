package state

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// Protections are the resources that must not be removed until an operator lifts that.
type Protections interface {
	// Protected lists what is protected, by host and unit; also on machines that no
	// longer stand behind their names.
	Protected(ctx context.Context, workspace string) ([]Protection, error)
	// ProtectedOn lists what is protected on one machine, by unit.
	ProtectedOn(ctx context.Context, workspace, host, machineID string) ([]Protection, error)
	// Protect records, for good, that resources are protected. What is so already
	// stays as it is.
	Protect(ctx context.Context, all ...Protection) error
	// Unprotect records, for good, that resources are no longer protected. Which
	// they are is told by workspace, host, machine and unit.
	Unprotect(ctx context.Context, all ...Protection) error
}

// Protection is a resource that must not be removed from a machine. Run and
// Since are those of the run that began to protect it.
type Protection struct {
	Workspace string
	Host      string
	MachineID string
	Unit      string // file[/etc/motd]
	Pos       diag.Pos
	Run       string
	Since     time.Time
}
