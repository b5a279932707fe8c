package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Options are what a template's header may change.
type Options struct {
	BlockStart, BlockEnd       string
	VariableStart, VariableEnd string
	CommentStart, CommentEnd   string
	TrimBlocks                 bool   // a tag takes the newline after it
	LstripBlocks               bool   // a tag takes the blanks before it on its line
	KeepTrailingNewline        bool   // the last newline of the text is kept
	Newline                    string // what each newline becomes
	Named                      bool   // another template names it: a header is text, as the options are those of the other
	RawTexts                   bool   // the backslashes of texts within {{ }} stay, as in variables of Ansible
}

// Default are the options of Ansible's template module.
func Default() Options {
	return Options{
		BlockStart: "{%", BlockEnd: "%}", VariableStart: "{{", VariableEnd: "}}", CommentStart: "{#", CommentEnd: "#}",
		TrimBlocks: true, Newline: "\n",
	}
}

// headerStart begins a first line that changes options.
const headerStart = "#jinja2:"

// Header takes the first line off a text that changes options for the text, as "#jinja2: lstrip_blocks: True" does,
// and returns the rest with the options changed.
func Header(source string, o Options) (string, Options, error) {
	line, ok := strings.CutPrefix(source, headerStart)
	if !ok {
		return source, o, nil
	}
	rest := ""
	// Without a newline Ansible takes the last character off the line and renders the whole text; nothing of that is meant.
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line, rest = line[:i], line[i+1:]
	}
	line = strings.TrimSuffix(line, "\r")
	col := utf8.RuneCountInString(headerStart) + 1
	for pair := range strings.SplitSeq(line, ",") {
		at := Pos{Line: 1, Col: col}
		col += utf8.RuneCountInString(pair) + 1
		key, value, ok := strings.Cut(pair, ":")
		if !ok {
			return "", o, &Error{Pos: at, Message: fmt.Sprintf("the header has %q, expected option: value", strings.TrimSpace(pair)), Hint: headerStart + " trim_blocks: False, lstrip_blocks: True"}
		}
		if err := o.set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return "", o, &Error{Pos: at, Message: err.Error()}
		}
	}
	return rest, o, nil
}

// set changes one option by its name in Jinja.
func (o *Options) set(key, value string) error {
	flags := map[string]*bool{
		"trim_blocks": &o.TrimBlocks, "lstrip_blocks": &o.LstripBlocks, "keep_trailing_newline": &o.KeepTrailingNewline,
	}
	texts := map[string]*string{
		"block_start_string": &o.BlockStart, "block_end_string": &o.BlockEnd,
		"variable_start_string": &o.VariableStart, "variable_end_string": &o.VariableEnd,
		"comment_start_string": &o.CommentStart, "comment_end_string": &o.CommentEnd, "newline_sequence": &o.Newline,
	}
	if flag, ok := flags[key]; ok {
		switch value {
		case "True":
			*flag = true
		case "False":
			*flag = false
		default:
			return fmt.Errorf("the header sets %s to %s, expected True or False", key, value)
		}
		return nil
	}
	text, ok := texts[key]
	if !ok {
		return fmt.Errorf("the header sets %q, which no template can change", key)
	}
	given, err := unquote(value)
	if err != nil || given == "" {
		return fmt.Errorf("the header sets %s to %s, expected text in quotes", key, value)
	}
	*text = given
	return nil
}

// unquote reads a quoted text of a header.
func unquote(value string) (string, error) {
	if len(value) < 2 || value[0] != value[len(value)-1] || value[0] != '\'' && value[0] != '"' {
		return "", strconv.ErrSyntax
	}
	return unescape(value[1 : len(value)-1])
}
