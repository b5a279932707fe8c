package state

import (
	"context"
	"time"
)

// Targets are the hosts that were onboarded: a source of the inventory.
type Targets interface {
	// Register records a target, for good, and in the audit log who did so: both or neither. One of the same name is replaced.
	Register(ctx context.Context, t Target, by Audit) error
	// Targets lists the targets of a workspace, by name.
	Targets(ctx context.Context, workspace string) ([]Target, error)
	// Unregister drops, for good, a target, and records in the audit log who did so, where there was one, which it reports.
	Unregister(ctx context.Context, workspace, name string, by Audit) (bool, error)
}

// Target is a host that was onboarded.
type Target struct {
	Workspace string
	Name      string
	Address   string
	Port      int // 0 is SSH's
	// User is who froyo logs in as there, and Login who let it in before.
	User  string
	Login string
	// Key names the key that lets it in, KeyFile is its file where the workspace does not keep it.
	Key     string
	KeyFile string
	// KeyLine is the key's public half, KeyPrint its fingerprint, HostKey the type and fingerprint of the host's key.
	KeyLine  string
	KeyPrint string
	HostKey  string
	Labels   map[string]string
	// Sudo is what the user may run, LockDown what was locked down.
	Sudo     string
	LockDown []string
	// Rollback says that the user may call what restores the host.
	Rollback bool
	Since    time.Time
}
