package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeCommand answers the scripts of completionCommand.
type completeCommand struct {
	Shell  string   `enum:"bash,zsh,fish" required:""`
	Breaks string   // where bash takes words apart
	Words  []string `arg:"" optional:"" passthrough:""`
}

// Help gives the command's example.
func (*completeCommand) Help() string {
	return `Example:
  froyo complete --shell=fish -- froyo plan --lim`
}

// Run prints what may stand in place of the last word, one a line; after a tab
// comes what it is.
func (c *completeCommand) Run(ctx context.Context, e *env) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	raw := ""
	if c.Shell == "bash" {
		words, raw = bashWords(strings.Join(words, " "))
	}
	if len(words) < 2 {
		return nil
	}
	at := &cursor{env: e, node: e.model.Node, current: words[len(words)-1], given: map[string][]string{}}
	for _, w := range words[1 : len(words)-1] {
		at.pass(w)
	}
	var b strings.Builder
	for _, p := range at.proposals(ctx) {
		if !strings.HasPrefix(p.value, at.current) {
			continue
		}
		switch {
		case c.Shell == "bash":
			b.WriteString(bashValue(p.value, raw, c.Breaks) + "\n")
		case p.text == "":
			b.WriteString(p.value + "\n")
		default:
			b.WriteString(p.value + "\t" + p.text + "\n")
		}
	}
	_, err := io.WriteString(e.Stdout, b.String())
	return err
}

// proposal is one word that may stand there, and what it is.
type proposal struct{ value, text string }

// cursor is where in a command line the word to complete stands.
type cursor struct {
	env     *env
	node    *kong.Node
	current string
	flag    *kong.Flag          // whose value comes next
	args    []string            // positional ones so far
	given   map[string][]string // flag → its values so far
	ended   bool                // by "--"
}

// pass takes a word before the one to complete.
func (c *cursor) pass(word string) {
	switch {
	case c.flag != nil:
		c.given[c.flag.Name] = append(c.given[c.flag.Name], word)
		c.flag = nil
	case c.ended || word == "-" || !strings.HasPrefix(word, "-"):
		if child := c.child(word); child != nil && !c.ended {
			c.node = child
			return
		}
		c.args = append(c.args, word)
	case word == "--":
		c.ended = true
	case strings.HasPrefix(word, "--"):
		name, value, hasValue := strings.Cut(word, "=")
		if f := c.find(name); f != nil && takesValue(f) {
			if hasValue {
				c.given[f.Name] = append(c.given[f.Name], value)
			} else {
				c.flag = f
			}
		}
	default:
		c.short(word[1:])
	}
}

// short takes flags of one letter, the last of which may have its value with it.
func (c *cursor) short(letters string) {
	for i, letter := range letters {
		f := c.find("-" + string(letter))
		if f == nil || !takesValue(f) {
			continue
		}
		if rest := letters[i+len(string(letter)):]; rest != "" {
			c.given[f.Name] = append(c.given[f.Name], rest)
		} else {
			c.flag = f
		}
		return
	}
}

func (c *cursor) child(name string) *kong.Node {
	i := slices.IndexFunc(c.node.Children, func(n *kong.Node) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return c.node.Children[i]
}

func (c *cursor) flags() []*kong.Flag { return slices.Concat(c.node.AllFlags(true)...) }

// find gives the flag that is written like this: --name or -n.
func (c *cursor) find(written string) *kong.Flag {
	for _, f := range c.flags() {
		if written == "--"+f.Name || f.Short != 0 && written == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// proposals are the words that may stand at the cursor.
func (c *cursor) proposals(ctx context.Context) []proposal {
	if c.flag != nil {
		return c.values(ctx, c.flag.Value, c.current)
	}
	if name, value, ok := strings.Cut(c.current, "="); ok && strings.HasPrefix(name, "--") && !c.ended {
		f := c.find(name)
		if f == nil {
			return nil
		}
		found := c.values(ctx, f.Value, value)
		for i := range found {
			found[i].value = name + "=" + found[i].value
		}
		return found
	}
	if strings.HasPrefix(c.current, "-") && !c.ended {
		return c.flagNames()
	}
	var found []proposal
	for _, n := range c.node.Children {
		if !n.Hidden {
			found = append(found, proposal{n.Name, brief(n.Help)})
		}
	}
	if i := len(c.args); i < len(c.node.Positional) {
		found = append(found, c.values(ctx, c.node.Positional[i], c.current)...)
	}
	return found
}

func (c *cursor) flagNames() []proposal {
	var found []proposal
	for _, f := range c.flags() {
		found = append(found, proposal{"--" + f.Name, brief(f.Help)})
		if f.Tag.Negatable != "" {
			found = append(found, proposal{"--no-" + f.Name, ""})
		}
	}
	if !strings.HasPrefix(c.current, "--") {
		for _, f := range c.flags() {
			if f.Short != 0 {
				found = append(found, proposal{"-" + string(f.Short), brief(f.Help)})
			}
		}
	}
	return found
}

// brief is the first sentence of a help text.
func brief(help string) string {
	for _, end := range []string{". ", ": ", "; "} {
		help, _, _ = strings.Cut(help, end)
	}
	if open := strings.LastIndex(help, " ("); open >= 0 && !strings.Contains(help[open:], ")") {
		help = help[:open]
	}
	return strings.TrimSuffix(help, ".")
}

// values are what a flag or a positional argument may be: its "complete" tag says what kind of thing that is.
func (c *cursor) values(ctx context.Context, v *kong.Value, typed string) []proposal {
	if v.Enum != "" {
		var found []proposal
		for _, value := range v.EnumSlice() {
			found = append(found, proposal{value: value})
		}
		return found
	}
	kind, extensions, _ := strings.Cut(v.Tag.Get("complete"), ":")
	switch kind {
	case "files":
		return files(typed, strings.FieldsFunc(extensions, func(r rune) bool { return r == ',' }))
	case "hosts":
		return c.hosts(typed, false)
	case "selector":
		return c.hosts(typed, true)
	case "units":
		return c.units(ctx, false)
	case "tags":
		return c.units(ctx, true)
	}
	return nil
}

// files lists what a path may go on with: folders, and files that end in one of these.
func files(typed string, extensions []string) []proposal {
	dir, _ := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Clean("./" + dir))
	if filepath.IsAbs(dir) {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil
	}
	var found []proposal
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		hidden := strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(filepath.Base(typed), ".")
		switch {
		case err != nil || hidden || strings.ContainsAny(entry.Name(), "\n\t"):
		case info.IsDir():
			found = append(found, proposal{value: dir + entry.Name() + "/"})
		case len(extensions) == 0 || slices.Contains(extensions, strings.TrimPrefix(filepath.Ext(entry.Name()), ".")):
			found = append(found, proposal{value: dir + entry.Name()})
		}
	}
	return found
}

// quiet is an environment that says nothing beside the proposals.
func (c *cursor) quiet() (*env, func() error, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	e := *c.env
	e.Stderr = null
	e.errors = c.env.errors.To(null)
	return &e, null.Close, nil
}

// hosts lists hosts, and for selectors groups, after what is already joined to them.
func (c *cursor) hosts(typed string, selector bool) []proposal {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	f, err := (&inventoryFlags{Inventory: c.given["inventory"]}).load(e)
	if err != nil {
		return nil // the command itself says what is wrong with the inventory
	}
	before := ""
	if selector {
		before = typed[:strings.LastIndexAny(typed, ":,&!")+1]
	}
	var found []proposal
	for _, h := range f.hosts {
		found = append(found, proposal{before + h.Name, strings.Join(h.Groups, ",")})
	}
	if selector {
		groups := f.read.Groups()
		for _, g := range sortedNames(groups) {
			found = append(found, proposal{before + g, fmt.Sprintf("group of %d", len(groups[g]))})
		}
	}
	return found
}

// units lists the names of units, or their tags, as far as they are known without a connection.
func (c *cursor) units(ctx context.Context, tags bool) (found []proposal) {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	f := &runFlags{
		targetFlags: targetFlags{Inventory: c.given["inventory"], Limit: strings.Join(c.given["limit"], "")},
		varFlags:    varFlags{Extra: c.given["extra-vars"]},
	}
	if len(c.args) > 0 {
		f.File = c.args[0]
	}
	j, err := newJob(ctx, e, f)
	if err != nil {
		return nil // the command itself says what is wrong with the runbook
	}
	defer func() {
		if errors.Join(j.packages.close(ctx), j.dir.Close()) != nil {
			found = nil
		}
	}()
	all, err := j.offline(ctx)
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for play := range j.selection.names {
		for _, entry := range entriesOf(all, play, tags) {
			name := entry.Tag
			if !tags {
				name = entry.Unit
			}
			if !seen[name] && !strings.ContainsAny(name, "\n\t") {
				found = append(found, proposal{name, strings.TrimPrefix(entry.place(), " ")})
			}
			seen[name] = true
		}
	}
	return found
}

// place is where a unit is declared.
func (e *listEntry) place() string {
	if e.Pos == nil {
		return ""
	}
	return e.Pos.String()
}
