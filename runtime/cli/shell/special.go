package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/prompt"
	"github.com/openfroyo/froyo/runtime/ui"
)

// command is a special command.
type command struct{ name, args, text string }

func commands() []command {
	return []command{
		{"hosts", "", "the hosts that run the lines, and those that are lost"},
		{"limit", " SELECTOR", "run the lines on some of the hosts of this session only; without a selector on all"},
		{"become", " on|off", "act as root, or as who logs in"},
		{"live", " on|off", "show what commands print as they do, each line with its host"},
		{"timeout", " DURATION", "end commands that take longer, such as 30m"},
		{"reconnect", "", "connect again to hosts that are lost"},
		{"help", "", "this"},
		{"quit", "", "end the session, as Ctrl-D does"},
	}
}

// special takes a special command apart: a colon and a word. A colon alone is a command of the shell.
func special(text string) (name, rest string, ok bool) {
	name, rest, _ = strings.Cut(strings.TrimPrefix(text, ":"), " ")
	return name, strings.TrimSpace(rest), text[0] == ':' && name != ""
}

// special does a special command.
func (s *session) special(ctx context.Context, name, rest string) error {
	switch name {
	case "hosts":
		return s.list()
	case "limit":
		return s.limit(ctx, rest)
	case "become":
		on, err := onOff(name, rest)
		if err == nil {
			s.became = &on
		}
		return err
	case "live":
		on, err := onOff(name, rest)
		if err == nil {
			s.how.Live = on
		}
		return err
	case "timeout":
		d, err := time.ParseDuration(rest)
		if err != nil || d <= 0 {
			return (&diag.Error{Summary: fmt.Sprintf("%q is no duration", rest)}).WithHint("such as :timeout 30m")
		}
		s.how.Timeout = d
		return nil
	case "reconnect":
		return s.reconnect(ctx)
	case "help", "h", "?":
		return s.help()
	}
	err := &diag.Error{Summary: "there is no special command :" + name}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return err.WithHint("did you mean :%s?", near)
	}
	return err.WithHint(":help lists them")
}

func onOff(name, rest string) (on bool, err error) {
	switch rest {
	case "on", "yes", "true":
		return true, nil
	case "off", "no", "false":
		return false, nil
	}
	return false, (&diag.Error{Summary: fmt.Sprintf(":%s is on or off", name)}).WithHint(":%s on", name)
}

func (s *session) help() error {
	var b strings.Builder
	b.WriteString("A line is a command that each host runs by itself, with sh: cd and variables do not last.\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-20s  %s\n", ":"+c.name+c.args, c.text)
	}
	b.WriteString("Ctrl-C ends the command that runs, on all hosts. A line that begins with a space is not kept.\n")
	_, err := io.WriteString(s.console.Stdout, b.String())
	return err
}

// list says which hosts there are.
func (s *session) list() error {
	up, all := inventory.Names(s.up()), inventory.Names(s.hosts)
	text := wording.Plural(len(up), "host") + ": " + ui.Readable(inventory.FoldNames(up)) + "\n"
	if lost := slices.DeleteFunc(all, func(name string) bool { return slices.Contains(up, name) }); len(lost) > 0 {
		text += "lost: " + ui.Readable(inventory.FoldNames(lost)) + "\n"
	}
	if others := len(s.fleet.Hosts) - len(s.hosts); others > 0 {
		text += "left out by :limit: " + wording.Plural(others, "host") + "\n"
	}
	_, err := io.WriteString(s.console.Stdout, text)
	return err
}

// limit selects among the hosts that were asked about.
func (s *session) limit(ctx context.Context, selector string) error {
	found, err := s.fleet.Inventory.Limited(selector, flags.LimitFile(ctx))
	if d, ok := errors.AsType[*diag.Error](err); ok {
		told := *d
		told.Summary = strings.Replace(told.Summary, "--limit", ":limit", 1)
		return &told
	}
	if err != nil {
		return err
	}
	names := inventory.Names(found)
	hosts := slices.DeleteFunc(slices.Clone(s.fleet.Hosts), func(h *inventory.Host) bool { return !slices.Contains(names, h.Name) })
	if len(hosts) == 0 {
		return (&diag.Error{Summary: fmt.Sprintf("%q selects none of the hosts of this session", selector)}).WithHint(":limit without a selector selects all")
	}
	s.hosts = hosts
	return s.list()
}

// reconnect connects again to the hosts that are lost.
func (s *session) reconnect(ctx context.Context) error {
	var kept, gone []*inventory.Host
	for _, h := range s.fleet.Hosts {
		if s.lost[h.Name] {
			gone = append(gone, h)
		} else {
			kept = append(kept, h)
		}
	}
	var lost []error
	if len(gone) > 0 {
		s.fleet.Collector.Pool.Retain(ctx, kept)
		// Connections outlive the entry, but for one that Ctrl-C ends while they are made.
		connecting, cancel := context.WithCancel(context.WithoutCancel(ctx))
		made := context.AfterFunc(ctx, cancel)
		var err error
		lost, err = s.connect(connecting, gone)
		made()
		if err != nil {
			return err
		}
	}
	return errors.Join(append(lost, s.list())...)
}

// complete proposes special commands, hosts and groups behind :limit, and words of the history.
func (s *session) complete(before string, words []string) prompt.Completion {
	from := strings.LastIndexAny(before, " \t\n|;&<>()'\"=") + 1
	word := before[from:]
	c := prompt.Completion{From: from}
	add := func(value, doc string) {
		if strings.HasPrefix(value, word) {
			c.Items = append(c.Items, prompt.Item{Value: value, Doc: doc})
		}
	}
	name, _, isSpecial := special(strings.TrimSpace(before) + " ")
	switch {
	case from == 0 && strings.HasPrefix(word, ":"):
		for _, one := range commands() {
			add(":"+one.name, one.text)
		}
	case isSpecial && name == "limit":
		if at := strings.LastIndexAny(word, ":&!,"); at >= 0 {
			c.From, word = from+at+1, word[at+1:]
		}
		groups := s.fleet.Inventory.Groups()
		for _, group := range slices.Sorted(maps.Keys(groups)) {
			add(group, "group of "+wording.Plural(len(groups[group]), "host"))
		}
		for _, h := range s.fleet.Hosts {
			add(h.Name, "")
		}
	case isSpecial && (name == "become" || name == "live"):
		add("on", "")
		add("off", "")
	case word != "" && !isSpecial:
		for _, w := range words {
			if w != word {
				add(w, "")
			}
		}
	}
	return c
}
