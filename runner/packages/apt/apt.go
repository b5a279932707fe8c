// Package apt is apt as a tool of runner/packages. What is installed it reads from
// dpkg's own files, without a program; what could be installed it asks of
// apt-cache; changes are apt-get's.
//
// It imports runner/op, runner/packages and the standard library only.
package apt

import (
	"context"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg"
	"github.com/openfroyo/froyo/runner/packages/apt/said"
)

// Tool is apt on a host.
type Tool struct {
	root string // before the paths of system files, ends in "/"
	sudo bool
	dpkg *dpkg.Reader
}

// New returns the apt of a host, whose system files are below root, which ends in
// "/". With sudo no program but apt may change packages.
func New(root string, sudo bool) *Tool {
	return &Tool{root: root, sudo: sudo, dpkg: dpkg.NewReader(root)}
}

// Traits implements packages.Tool.
func (t *Tool) Traits() packages.Traits {
	return packages.Traits{
		Name: "apt", Unhold: "apt-mark unhold ", Exact: true, Autoremoves: true,
		Holder: t.holder, Stamp: t.stamp, Repair: t.repair,
	}
}

// Installed implements packages.Tool.
func (t *Tool) Installed(context.Context, packages.Ask) (packages.Database, error) {
	return t.dpkg.Installed()
}

// Unneeded implements packages.Tool.
func (*Tool) Unneeded(context.Context, packages.Ask) ([]string, *packages.Report, error) {
	return nil, nil, nil
}

// File implements packages.Tool.
func (*Tool) File(path string) []string {
	return []string{"dpkg-deb", "--show", "--showformat=${Package} ${Version}", path}
}

// Packed implements packages.Tool.
func (*Tool) Packed(said string) (name, version string) {
	name, version, _ = strings.Cut(said, " ")
	return name, version
}

// quiet are the options of every apt-get.
var quiet = []string{"-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Progress-Fancy=0"}

// aptGet is a command of apt-get that changes packages. Without sudo's leave for it,
// apt does the same. Neither waits for locks: the caller does, and says so. dpkg
// keeps configuration files that were changed on the host.
func (t *Tool) aptGet(args ...string) []string {
	argv := []string{"apt-get"}
	if t.sudo {
		argv[0] = "/usr/bin/apt"
	}
	argv = append(append(argv, quiet...), "-o", "DPkg::Lock::Timeout=0",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
	return append(argv, args...)
}

// Commands implements packages.Tool. One run can purge all that goes or none of it.
func (t *Tool) Commands(job packages.Job) [][]string {
	all := [][]string{t.aptGet(args(job)...)}
	if n := len(job.Purge); n > 0 && n < len(job.Remove) {
		all = append(all, t.aptGet(append([]string{"purge"}, job.Purge...)...))
	}
	return all
}

// args is what apt-get is told to do a job. Where all packages are meant it leaves by itself what is held.
func args(job packages.Job) []string {
	switch {
	case job.Unneeded == op.PkgPurged:
		return []string{"--purge", "autoremove"}
	case job.Unneeded != "":
		return []string{"autoremove"}
	case job.Upgrade == op.PkgFull:
		return []string{"dist-upgrade"}
	case job.Upgrade != "":
		return []string{"--with-new-pkgs", "upgrade"}
	}
	var args []string
	if job.Recommends != nil {
		args = append(args, map[bool]string{true: "--install-recommends", false: "--no-install-recommends"}[*job.Recommends])
	}
	if slices.ContainsFunc(job.Install, func(target packages.Target) bool { return target.Changes }) {
		args = append(args, "--allow-downgrades")
	}
	if len(job.Remove) > 0 && len(job.Remove) == len(job.Purge) {
		args = append(args, "--purge")
	}
	if len(job.Install) == 0 {
		return append(append(args, "remove"), job.Remove...)
	}
	if len(job.Remove) == 0 {
		args = append(args, "--no-remove")
	}
	args = append(args, "install")
	for _, target := range job.Install {
		spec := target.Name
		if target.Pinned {
			spec += "=" + target.Version
		}
		args = append(args, spec)
	}
	for _, name := range job.Remove {
		args = append(args, name+"-")
	}
	return args
}

// Forecast implements packages.Tool: apt-get says what it would do, for which it needs no rights.
func (t *Tool) Forecast(ctx context.Context, ask packages.Ask, _ packages.Database, job packages.Job) (*packages.Forecast, error) {
	got, err := ask(ctx, false, append(append([]string{"apt-get", "-s"}, quiet...), args(job)...)...)
	if err != nil {
		return nil, err
	}
	text := got.Stdout + "\n" + got.Stderr
	f := &packages.Forecast{Changes: said.Changes(text)}
	if got.RC != 0 {
		f.Report, f.RC, f.Text = said.Listen(text), got.RC, text
	}
	return f, nil
}

// Listen implements packages.Tool.
func (*Tool) Listen(_ int, text string) *packages.Report { return said.Listen(text) }

// repair is the command that does what was left undone.
func (t *Tool) repair(u packages.Undone) ([]string, error) {
	switch {
	case u == packages.Unmet:
		return t.aptGet("--fix-broken", "--no-remove", "install"), nil
	case t.sudo:
		return nil, packages.Fault(op.Conflict, string(u), "an earlier change of packages was interrupted on this host, and sudo permits apt alone, which cannot finish it"+
			"\nrun there: sudo dpkg --configure -a")
	}
	return []string{"dpkg", "--force-confdef", "--force-confold", "--configure", "-a"}, nil
}
