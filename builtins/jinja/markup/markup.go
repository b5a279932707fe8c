// Package markup is Jinja's filters that write HTML, XML and URLs.
//
// It imports package function and what that imports only.
package markup

import (
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type (
	value = py.Value
	call  = function.Call
)

// Filters returns the filters.
func Filters() []*function.Func {
	e := function.NewText("escape", "The text with &, <, >, ' and \" written for HTML.", Escape)
	return []*function.Func{
		e, e.Alias("e"), e.Alias("forceescape"),
		function.NewText("safe", "The text; nothing is escaped by itself.", func(s string) string { return s }),
		function.NewText("striptags", "The text without tags of HTML, and white space made one blank.", striptags),
		function.New("urlencode", "", "The text, or pairs, written for a URL.", urlencode),
		function.New("urlize", "trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None", "The text with its URLs and mail addresses as links of HTML.", urlize),
		function.New("xmlattr", "autospace=True", "A dict as attributes of an XML element.", xmlattr),
	}
}

var escapes = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;")

// Escape writes a text for HTML.
func Escape(s string) string { return escapes.Replace(s) }

var (
	comments = regexp.MustCompile(`(?s)<!--.*?-->`)
	tags     = regexp.MustCompile(`(?s)<.*?>`)
)

func striptags(s string) string {
	s = tags.ReplaceAllString(comments.ReplaceAllString(s, ""), "")
	s = strings.NewReplacer("&amp;", "&", "&gt;", ">", "&lt;", "<", "&#39;", "'", "&#34;", `"`, "&quot;", `"`).Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

// QuoteURL writes a text for a URL; safe are the characters that stay besides letters, digits and _.-~
func QuoteURL(s, safe string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAlphanumeric(c) || strings.IndexByte("_.-~"+safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func urlencode(c *call) (value, error) {
	if s, ok := c.Value.(starlark.String); ok {
		return starlark.String(QuoteURL(string(s), "/")), nil
	}
	var items []value
	var err error
	if d, ok := c.Value.(*starlark.Dict); ok {
		for _, item := range d.Items() {
			items = append(items, item)
		}
	} else if items, err = c.Elements(c.Value); err != nil {
		s, err := py.Str(c.Value)
		return starlark.String(QuoteURL(s, "/")), err
	}
	parts := make([]string, len(items))
	for i, item := range items {
		pair, err := py.Elements(item)
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, py.Errorf("expected pairs, got %d elements", len(pair))
		}
		var both [2]string
		for j, v := range pair {
			s, err := py.Str(v)
			if err != nil {
				return nil, err
			}
			both[j] = strings.ReplaceAll(QuoteURL(s, ""), "%20", "+")
		}
		parts[i] = both[0] + "=" + both[1]
	}
	return starlark.String(strings.Join(parts, "&")), nil
}

func xmlattr(c *call) (value, error) {
	d, ok := c.Value.(*starlark.Dict)
	if !ok {
		return nil, py.Errorf("expected a mapping, not %s", py.TypeName(c.Value))
	}
	space, err := py.Truth(c.Values[0])
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, item := range d.Items() {
		if _, missing := item[1].(*py.Undefined); missing || item[1] == starlark.None {
			continue
		}
		key, ok := item[0].(starlark.String)
		if !ok {
			return nil, py.Errorf("expected names of attributes, not %s", py.TypeName(item[0]))
		}
		if strings.ContainsAny(string(key), " \t\n\r\f\v/>=") {
			return nil, py.Errorf("invalid character in attribute name: %s", key)
		}
		v, err := py.Str(item[1])
		if err != nil {
			return nil, err
		}
		parts = append(parts, Escape(string(key))+`="`+Escape(v)+`"`)
	}
	out := strings.Join(parts, " ")
	if space && out != "" {
		out = " " + out
	}
	return starlark.String(out), nil
}
