package reference

import (
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/shape"
)

// Namespace is a group of facts, and on which systems hosts report them.
type Namespace struct{ Name, Systems string }

// SystemsHeading is the heading of what Systems writes.
const SystemsHeading = "What works on which systems"

// Systems writes what works on which systems as Markdown: hosts, the machine that runs froyo, resource types and
// facts. platforms are those that there is a runner for, as "linux-amd64".
func Systems(w io.Writer, platforms []string, pkgs []*schema.Package, facts []Namespace) error {
	p := &page{}
	p.line("\n# Systems")
	p.line("## %s", SystemsHeading)
	p.line("This is what works today. On another system the unit fails and says what it needs; nothing is tried in its place.")
	p.WriteString("| What | Works on |\n|---|---|\n")
	p.row("The machine that runs froyo", "Linux; tested on amd64")
	p.row("Hosts", "Linux with an SSH server, `/bin/sh`, and one of `sha256sum`, `shasum` and `openssl`; runners for "+
		shape.Enumerate(archs(platforms), "and")+"; tested on Debian 12, amd64")
	for _, pkg := range pkgs {
		for _, t := range pkg.Types {
			p.row("`"+t.Name+"`", t.Systems)
		}
	}
	for _, n := range facts {
		p.row("`host.facts."+n.Name+"`", n.Systems)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// archs are the architectures of platforms.
func archs(platforms []string) []string {
	out := make([]string, len(platforms))
	for i, p := range platforms {
		_, out[i], _ = strings.Cut(p, "-")
	}
	return out
}
