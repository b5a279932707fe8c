package repl

import (
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/prompt"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/script/entry"
)

// completer proposes how what is typed goes on.
type completer struct{ prompt *client.Prompt }

// complete proposes how the word before the cursor goes on. It asks no host and calls nothing.
func (c *completer) complete(text string, cursor int) prompt.Completion {
	at := scan(text[:cursor])
	if at.quoted >= 0 {
		return prompt.Completion{From: at.quoted, Items: c.texts(at, text[at.quoted:cursor])}
	}
	from := cursor
	for from > 0 && isWord(text[from-1]) {
		from--
	}
	done := prompt.Completion{From: from}
	if word := text[from:cursor]; word != "" && word[0] >= '0' && word[0] <= '9' {
		return done
	}
	if from > 0 && text[from-1] == '.' {
		done.Items = c.attributes(text[:from-1])
	} else {
		done.Items = append(c.arguments(at), c.known()...)
	}
	done.Items = matching(done.Items, text[from:cursor])
	return done
}

// matching keeps what begins as what was typed does.
func matching(all []prompt.Item, word string) []prompt.Item {
	return slices.DeleteFunc(all, func(i prompt.Item) bool {
		return !strings.HasPrefix(i.Value, word) || word == "" && strings.HasPrefix(i.Value, "_")
	})
}

func isWord(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// keywords are those that can begin or join what is typed.
var keywords = []string{"and", "def", "elif", "else", "for", "if", "in", "lambda", "load", "not", "or", "pass", "return", "True", "False", "None"}

// known are the names that there are.
func (c *completer) known() []prompt.Item {
	var all []prompt.Item
	types := map[string]*schema.Type{}
	for _, t := range c.prompt.Types() {
		types[t.Name] = t
	}
	for _, name := range c.prompt.Session.Names() {
		item := prompt.Item{Value: name, NoSpace: true, Group: "language"}
		switch t := types[name]; {
		case c.prompt.Session.Own(name):
			item.Group = "session"
			item.Doc = c.prompt.Session.Value(name).Type()
		case t != nil:
			item.Group, item.Doc = "resources", firstSentence(t.Doc)
		}
		if _, calls := c.prompt.Session.Value(name).(starlark.Callable); calls {
			item.Value, item.Display = name+"(", name
		}
		all = append(all, item)
	}
	for _, name := range keywords {
		all = append(all, prompt.Item{Value: name, Group: "language"})
	}
	for _, name := range starlark.Universe.Keys() {
		if _, calls := starlark.Universe[name].(starlark.Callable); calls && c.prompt.Session.Value(name) == nil {
			all = append(all, prompt.Item{Value: name + "(", Display: name, Group: "language", NoSpace: true})
		}
	}
	return all
}

func firstSentence(doc string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(doc), "\n")
	line, _, _ = strings.Cut(line, ". ")
	return strings.TrimSuffix(line, ".")
}

// arguments are the names of what the call takes that the cursor is in.
func (c *completer) arguments(at place) (all []prompt.Item) {
	add := func(name, doc string) {
		if !slices.Contains(at.given, name) {
			all = append(all, prompt.Item{Value: name + " = ", Display: name, Doc: doc, Group: "arguments", NoSpace: true})
		}
	}
	if t := c.typeOf(at.call); t != nil {
		for _, f := range t.Fields {
			add(f.Name, firstSentence(f.Doc))
		}
		for _, f := range resource.MetaFields() {
			add(f.Name, firstSentence(f.Doc))
		}
		return all
	}
	switch fn := c.prompt.Session.Value(at.call).(type) {
	case *starlark.Function:
		for i := range fn.NumParams() {
			name, _ := fn.Param(i)
			add(name, "")
		}
	case *starlark.Builtin:
		if at.call == "plan" || at.call == "apply" {
			add("hosts", "a selector, a host or a list of hosts")
		}
	}
	return all
}

func (c *completer) typeOf(name string) *schema.Type {
	all := c.prompt.Types()
	if i := slices.IndexFunc(all, func(t *schema.Type) bool { return t.Name == name }); i >= 0 && !c.prompt.Session.Own(name) {
		return all[i]
	}
	return nil
}

// texts are the texts that can stand where the cursor is.
func (c *completer) texts(at place, word string) []prompt.Item {
	var items []prompt.Item
	add := func(group string, values ...string) {
		for _, v := range values {
			items = append(items, prompt.Item{Value: v, Group: group, NoSpace: true})
		}
	}
	if t := c.typeOf(at.call); t != nil && at.argument != "" {
		if i := t.Index(at.argument); i >= 0 {
			add("values", t.Fields[i].Enum...)
		}
		return matching(items, word)
	}
	switch at.call {
	case "host":
		for _, h := range c.prompt.Fleet.Hosts {
			add("hosts", h.Name)
		}
	case "hosts", "plan", "apply", "delegate":
		for _, h := range c.prompt.Fleet.Hosts {
			add("hosts", h.Name)
			for _, name := range sorted(h.Labels) {
				if label := name + "=" + h.Labels[name]; !slices.ContainsFunc(items, func(i prompt.Item) bool { return i.Value == label }) {
					add("labels", label)
				}
			}
		}
		add("groups", slices.Sorted(maps.Keys(c.prompt.Fleet.Inventory.Groups()))...)
	case "load":
		add("files", c.prompt.Files("*.star")...)
		for _, name := range script.Modules() {
			add("modules", "@std//"+name)
		}
	case "help":
		for _, name := range c.prompt.Session.Names() {
			add("names", name)
		}
	}
	return matching(items, word)
}

// attributes are those of the value before a point, as far as that is known without a call.
func (c *completer) attributes(before string) []prompt.Item {
	expr, err := entry.Dialect().ParseExpr("", primary(before), 0)
	if err != nil {
		return nil
	}
	var items []prompt.Item
	switch v := c.valueOf(expr).(type) {
	case aHost:
		for _, name := range []string{"address", "groups", "labels", "name", "vars"} {
			items = append(items, prompt.Item{Value: name, NoSpace: true})
		}
		items = append(items, prompt.Item{Value: "facts.", Display: "facts", NoSpace: true})
		for _, m := range hostapi.Methods() {
			name := strings.TrimPrefix(m.Name, "host.")
			items = append(items, prompt.Item{Value: name + "(", Display: name, Doc: firstSentence(m.Doc), Group: "questions", NoSpace: true})
		}
	case someFacts:
		for _, name := range c.prompt.Fleet.Facts.Below(string(v)) {
			item := prompt.Item{Value: name, NoSpace: true}
			if n := c.prompt.Fleet.Facts.Lookup(string(v)); n != nil {
				item.Doc = firstSentence(n.Field(name).Doc)
			} else {
				item.Value, item.Display = name+".", name
				if n := c.prompt.Fleet.Facts.Lookup(below(v, name)); n != nil {
					item.Doc = firstSentence(n.Doc)
				}
			}
			items = append(items, item)
		}
	case starlark.HasAttrs:
		for _, name := range v.AttrNames() {
			items = append(items, prompt.Item{Value: name, NoSpace: true})
		}
	}
	return items
}

// What a value is known to be without asking.
type (
	aHost     struct{}
	someHosts struct{}
	someFacts string // the namespace, or its beginning
)

func below(prefix someFacts, name string) string {
	if prefix == "" {
		return name
	}
	return string(prefix) + "." + name
}

// valueOf is what an expression is known to be, nil for nothing.
func (c *completer) valueOf(e syntax.Expr) any {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return c.valueOf(e.X)
	case *syntax.Ident:
		switch v := c.prompt.Session.Value(e.Name).(type) {
		case nil:
			if e.Name == "h" {
				return aHost{} // [h.facts... for h in hosts()]
			}
		case *hostapi.Host:
			return aHost{}
		case *hostapi.Facts:
			return someFacts(v.Prefix())
		case *starlark.Builtin:
			if e.Name == "host" {
				return aHost{} // the parameter of a function
			}
		default:
			return v
		}
	case *syntax.CallExpr:
		if fn, ok := e.Fn.(*syntax.Ident); ok && fn.Name == "host" {
			return aHost{}
		} else if ok && fn.Name == "hosts" {
			return someHosts{}
		}
	case *syntax.IndexExpr:
		return c.element(c.valueOf(e.X))
	case *syntax.DotExpr:
		return c.attribute(c.valueOf(e.X), e.Name.Name)
	}
	return nil
}

// element is what an element of a list is known to be.
func (c *completer) element(list any) any {
	switch v := list.(type) {
	case someHosts:
		return aHost{}
	case *starlark.List:
		if v.Len() > 0 {
			if _, ok := v.Index(0).(*hostapi.Host); ok {
				return aHost{}
			}
			return v.Index(0)
		}
	}
	return nil
}

// attribute is what an attribute is known to be.
func (c *completer) attribute(of any, name string) any {
	switch v := of.(type) {
	case aHost:
		if name == "facts" {
			return someFacts("")
		}
	case someFacts:
		if c.prompt.Fleet.Facts.Lookup(string(v)) == nil && slices.Contains(c.prompt.Fleet.Facts.Below(string(v)), name) {
			return someFacts(below(v, name))
		}
	case starlark.HasAttrs:
		if v.Type() == "struct" || v.Type() == "module" {
			if attr, err := v.Attr(name); err == nil && attr != nil {
				return attr
			}
		}
	}
	return nil
}
