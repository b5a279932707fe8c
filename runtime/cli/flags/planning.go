package flags

import (
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// Planning is the flags of commands that plan.
type Planning struct {
	File string `arg:"" optional:"" complete:"files:star" help:"Runbook; default: site.star."`
	Target
	Vars
	Units
	Output
	HostTime time.Duration `name:"host-timeout" placeholder:"DURATION" default:"0s" help:"End the run of a host whose plan, or whose units, take longer than this in all, such as 10m; other hosts continue. 0s is no limit."`
	// Proven is that the runbook itself proves that it locks nobody out: it is applied without guard, which is not warned of.
	Proven bool `kong:"-"`
	// Quiet is that what programs print is the runbook's own affair, and not shown after it.
	Quiet bool `kong:"-"`
	// NoSecrets is that no secret is read: other texts stand in for them.
	NoSecrets bool `kong:"-"`
	// NewSecrets are values that secrets of the store are planned with, and are to have.
	NewSecrets map[string]string `kong:"-"`
	// Identities are files of keys that open secrets, besides the others.
	Identities []string `kong:"-"`
}

// CheckTime refuses a time that cannot be.
func (f *Planning) CheckTime() error {
	if f.HostTime < 0 {
		return diag.Errorf(diag.Pos{}, "--host-timeout %s: it cannot be negative", f.HostTime)
	}
	return nil
}
