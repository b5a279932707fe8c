package complete

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/runtime/console"
)

// Command answers the scripts that Script prints.
type Command struct {
	Shell  string   `enum:"bash,zsh,fish" required:""`
	Breaks string   // where bash takes words apart
	Words  []string `arg:"" optional:"" passthrough:""`
}

// Help gives the command's example.
func (*Command) Help() string {
	return `Example:
  froyo complete --shell=fish -- froyo plan --lim`
}

// Run prints what may stand in place of the last word, one a line; after a tab
// comes what it is.
func (c *Command) Run(ctx context.Context, k *kong.Kong, e *console.Console) error {
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
	at := &cursor{console: e, node: k.Model.Node, current: words[len(words)-1], given: map[string][]string{}}
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
	console *console.Console
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
	i, last := len(c.args), len(c.node.Positional)-1
	if last >= 0 && i > last && c.node.Positional[last].IsCumulative() {
		i = last
	}
	if i <= last {
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
