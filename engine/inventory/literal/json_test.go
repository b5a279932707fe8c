package literal_test

import (
	"errors"
	"fmt"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/inventory/literal"
)

func TestJSONPlaces(t *testing.T) {
	root, err := literal.JSON([]byte("{\n \"a\": [1, 2.5,\n  \"x\\ud83d\\ude00\"], \"b\" : {\"c\": null, \"<<\": true}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		got = append(got, fmt.Sprintf("%d:%d %s %s", n.Line, n.Column, n.Tag, n.Value))
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(root)
	want := []string{
		"1:1 !!map ", "2:2 !!str a", "2:7 !!seq ", "2:8 !!int 1", "2:11 !!float 2.5", "3:3 !!str x\U0001F600", "3:21 !!str b",
		"3:27 !!map ", "3:28 !!str c", "3:33 !!null null", "3:39 !!str <<", "3:45 !!bool true",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestJSONErrors(t *testing.T) {
	for src, want := range map[string]string{
		"":                         "1:1: the JSON ends too early",
		"{":                        "1:2: the JSON ends too early",
		"{\n \"a\": tru}":          "2:7: not JSON: invalid character '}' in literal true (expecting 'e')",
		"Traceback (most recent":   "1:1: not JSON: invalid character 'T' looking for beginning of value",
		"{\"a\": 1,\n \"a\": 2}":   `2:2: "a" stands here twice`,
		"{} {}":                    `1:3: want the end of the text, got "{}"`,
		`{"a": "\ud800"}`:          "1:15: text that is not valid UTF-8, or half a character",
		"{\"a\": [1\n 2]}":         "2:2: not JSON: invalid character '2' after array element",
		"{\"a\": \"line\nbreak\"}": `1:9: not JSON: invalid character '\n' in string literal`,
	} {
		_, err := literal.JSON([]byte(src))
		e, ok := errors.AsType[*literal.SyntaxError](err)
		if got := ""; !ok {
			t.Errorf("%q: got %v", src, err)
		} else if got = fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg); got != want {
			t.Errorf("%q: got %s, want %s", src, got, want)
		}
	}
}
