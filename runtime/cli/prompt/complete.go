package prompt

import (
	"os"
	"strings"
	"unicode/utf8"

	"github.com/reeflective/readline"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/runner/escape"
)

// complete asks for candidates and gives them to the editor as it wants them.
func (p *Prompt) complete(line []rune, cursor int) readline.Completions {
	text, at := string(line), len(string(line[:cursor]))
	c := p.options.Complete(text, at)
	if c.From < 0 || c.From > at {
		return readline.Completions{}
	}
	word := text[c.From:at]
	prefix, cut, ok := tail(text[:at], word)
	if !ok {
		return readline.Completions{}
	}
	var items []Item
	for _, item := range c.Items {
		// one that cannot be shown as it is would act on the terminal once it stands in the line
		if strings.HasPrefix(item.Value, word) && visible(item.Value) == item.Value && !strings.Contains(item.Value, "\t") {
			items = append(items, item)
		}
	}
	shown := lists(items)
	values := make([]readline.Completion, 0, len(items))
	described := false
	for i, item := range items {
		v := item.Value[cut:]
		if word == "" {
			v = prefix + item.Value
		}
		if !item.NoSpace {
			v += " "
		}
		group := item.Group
		if os.Getenv("NO_COLOR") != "" {
			group = "" // the editor paints it
		}
		values = append(values, readline.Completion{Value: v, Display: shown[i], Tag: group})
		described = described || item.Doc != ""
	}
	out := readline.CompleteRaw(values).NoSort()
	if described {
		out = out.DisplayList()
	}
	out.PREFIX = prefix
	return out
}

// tail is the end of a word from which the editor completes it: it counts bytes where it means characters, so
// that has to be ASCII, and takes an empty one for none, so that is the character before the word. cut is how
// much of the word stands before it.
func tail(before, word string) (prefix string, cut int, ok bool) {
	for i := len(word); i > 0; i-- {
		if word[i-1] >= utf8.RuneSelf {
			return word[i:], i, i < len(word)
		}
	}
	if word != "" || before == "" {
		return word, 0, true
	}
	last := before[len(before)-1:]
	return last, 0, last[0] < utf8.RuneSelf
}

// lists are the lines of the list of candidates: safe to show, what they are beside them, no longer than the
// terminal is wide.
func lists(items []Item) []string {
	columns, _, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	names := make([]string, len(items))
	widest := 0
	for i, item := range items {
		names[i] = item.Display
		if names[i] == "" {
			names[i] = item.Value
		}
		names[i] = bounded(escape.Text(names[i]), columns-2)
		widest = max(widest, len(names[i]))
	}
	for i, item := range items {
		if item.Doc == "" {
			continue
		}
		doc, _, _ := strings.Cut(item.Doc, "\n")
		if room := columns - widest - 5; room > 10 {
			names[i] += strings.Repeat(" ", widest-len(names[i])+2) + bounded(escape.Text(doc), room)
		}
	}
	return names
}

// bounded is a text of at most n bytes, which is what the editor counts.
func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n = max(n-3, 0); n > 0 && !utf8.RuneStart(s[n]); {
		n--
	}
	return s[:n] + "..."
}
