// Command site is the guest of a package of two types, for the test that a type
// needs nothing but its own files.
package main

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Site is a web site. Its fields are described in site.cue.
type Site struct {
	Name string `json:"name"`
	Root string `json:"root"`
}

// Found is what is at a path.
type Found struct {
	Exists bool   `json:"exists"`
	Sum    string `json:"sum,omitempty"`
}

func (s Site) marker() string { return s.Root + "/.site" }

// Read looks for the site's marker.
func (s Site) Read(t *sdk.T) Found {
	return Found{Exists: t.Must(t.Do(op.Op{Stat: &op.Stat{Path: s.marker()}})).Stat.Exists}
}

// Plan makes the marker.
func (s Site) Plan(t *sdk.T, actual Found) {
	if t.Differ("exists", actual.Exists, true) {
		t.Effect(op.Op{Mkdir: &op.Mkdir{Path: s.marker()}})
	}
}

// Page is a page of a site.
type Page struct {
	Path string   `json:"path"`
	Site string   `json:"site"`
	Text *op.Blob `json:"text"`
}

// Read finds out what the page says.
func (p Page) Read(t *sdk.T) Found {
	r := t.Must(t.Do(op.Op{Read: &op.Read{Path: p.Path, Limit: 1 << 20, Unless: p.Text.Sum}})).Read
	return Found{Exists: r.Exists, Sum: r.Sum}
}

// Plan writes the page.
func (p Page) Plan(t *sdk.T, actual Found) {
	if actual.Sum != p.Text.Sum && t.Differ("text", nil, p.Text) {
		t.Effect(op.Op{Write: &op.Write{Path: p.Path, Content: p.Text}})
	}
}

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	set := sdk.NewSet()
	sdk.Add[Site, Found](set, "site")
	sdk.Add[Page, Found](set, "page")
	sdk.Serve(set)
}

func main() {}
