package literal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// SyntaxError is a mistake in JSON, at a line and a column that counts bytes from 1.
type SyntaxError struct {
	Line, Col int
	Msg       string
}

func (e *SyntaxError) Error() string { return e.Msg }

// JSON parses a JSON text into nodes as those of YAML are. (The parser of YAML
// reads most of JSON, but not the two halves of a character beyond 16 bits.)
// The error is a *SyntaxError.
func JSON(src []byte) (*yaml.Node, error) {
	j := &jsonParser{src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	j.dec.UseNumber()
	node, err := j.value(0)
	if err == nil && j.rest() != "" {
		err = j.errorf("want the end of the text, got %.20q", j.rest())
	}
	return node, err
}

type jsonParser struct {
	src  []byte
	dec  *json.Decoder
	seen int // bytes of src that were counted
	line int // line breaks in these
	bol  int // where the line begins
}

// rest is what follows the last token.
func (j *jsonParser) rest() string {
	return strings.TrimLeft(string(j.src[min(len(j.src), int(j.dec.InputOffset())):]), " \t\r\n")
}

// place counts lines up to an offset, which only grows.
func (j *jsonParser) place(offset int) (line, col int) {
	for ; j.seen < offset && j.seen < len(j.src); j.seen++ {
		if j.src[j.seen] == '\n' {
			j.line, j.bol = j.line+1, j.seen+1
		}
	}
	return j.line + 1, offset - j.bol + 1
}

func (j *jsonParser) errorf(format string, args ...any) error {
	line, col := j.place(int(j.dec.InputOffset()))
	return &SyntaxError{Line: line, Col: col, Msg: fmt.Sprintf(format, args...)}
}

// start is where the next token begins: blanks, commas and colons stand before it.
func (j *jsonParser) start() int {
	at := int(j.dec.InputOffset())
	for at < len(j.src) && strings.IndexByte(" \t\r\n,:", j.src[at]) >= 0 {
		at++
	}
	return at
}

func (j *jsonParser) token() (json.Token, *yaml.Node, error) {
	line, col := j.place(j.start())
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: line, Column: col}
	tok, err := j.dec.Token()
	if err == nil {
		return tok, node, nil
	}
	msg := "the JSON ends too early"
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if j.start() < len(j.src) {
			msg = "not JSON: " + syntax.Error()
		}
		line, col = j.place(max(j.seen, int(syntax.Offset)-1))
	}
	return nil, nil, &SyntaxError{Line: line, Col: col, Msg: msg}
}

func (j *jsonParser) value(depth int) (*yaml.Node, error) {
	tok, node, err := j.token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, j.errorf("the value is nested too deeply")
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			return node, j.list(node, depth)
		}
		return node, j.object(node, depth)
	case string:
		if strings.ContainsRune(tok, utf8.RuneError) && !bytes.Contains(j.src, []byte("\ufffd")) {
			return nil, j.errorf("text that is not valid UTF-8, or half a character")
		}
		node.Tag, node.Style, node.Value = "!!str", yaml.DoubleQuotedStyle, tok
	case json.Number:
		if node.Tag, node.Value = "!!int", tok.String(); strings.ContainsAny(node.Value, ".eE") {
			node.Tag = "!!float"
		}
	case bool:
		node.Tag, node.Value = "!!bool", fmt.Sprint(tok)
	default:
		node.Tag, node.Value = "!!null", "null"
	}
	return node, nil
}

func (j *jsonParser) list(node *yaml.Node, depth int) error {
	node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
	for j.dec.More() {
		v, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		node.Content = append(node.Content, v)
	}
	_, _, err := j.token()
	return err
}

func (j *jsonParser) object(node *yaml.Node, depth int) error {
	node.Kind, node.Tag = yaml.MappingNode, "!!map"
	names := map[string]bool{}
	for j.dec.More() {
		key, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		if names[key.Value] {
			return &SyntaxError{Line: key.Line, Col: key.Column, Msg: fmt.Sprintf("%q stands here twice", key.Value)}
		}
		names[key.Value] = true
		v, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		node.Content = append(node.Content, key, v)
	}
	_, _, err := j.token()
	return err
}
