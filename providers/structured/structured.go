// Package structured holds the resource types that edit documents of a known format in place: json_file, yaml_file and
// toml_file. Each sets and removes values, and leaves the rest as it is, with its comments and its order.
//
// An edit replaces as few bytes as it can. What it made is read again and compared with what it should say: a document
// in a form that an edit does not know is refused, and never spoilt.
//
// It imports providers/sdk, providers/textfile and what lies below, and the libraries that read YAML and TOML.
package structured

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[JSONFile, textfile.State](set, "json_file")
	sdk.Add[YAMLFile, textfile.State](set, "yaml_file")
	sdk.Add[TOMLFile, textfile.State](set, "toml_file")
	return set
}

// edits are the arguments that all types have.
type edits struct {
	textfile.Edit
	Set    codec.Raw `json:"set"`
	Remove []any     `json:"remove"` // keys, or lists of keys
}

// format reads documents of one format and edits them.
type format interface {
	// name is what people call it.
	name() string
	// parse reads a document. What is not there is an empty mapping.
	parse(doc string) (*node, *fault)
	// replace puts a value in the place of the one that the last step leads to.
	replace(doc string, way []step, value *node) string
	// add puts a key into the mapping that the steps lead to, which is in.
	add(doc string, root *node, way []step, in *node, key string, value *node) string
	// cut takes out the entry of the last step.
	cut(doc string, root *node, way []step) string
	// settled is a tree as far as the format tells documents apart.
	settled(n *node) *node
	// lacks says which value of the arguments the format cannot express, "" for none.
	lacks(value *node) string
}

// fault is what is wrong with a document, and in which line; 0 where that is not known.
type fault struct {
	line int
	text string
}

func (e edits) plan(t *sdk.T, now textfile.State, f format) {
	if e.Unknown(t, "set") {
		return
	}
	wanted := &node{kind: mapping}
	if len(e.Set) > 0 {
		var bad *fault
		if wanted, bad = (jsonFormat{}).parse(string(e.Set)); bad != nil {
			t.Fail(op.Permanent, "the argument set cannot be read: "+bad.text, "", "")
		}
	}
	if len(wanted.entries) == 0 && len(e.Remove) == 0 {
		t.Fail(op.Permanent, "it is not said what to edit", "", `give set = {"key": value}, or remove = ["key"]`)
	}
	if what := f.lacks(wanted); what != "" {
		t.Fail(op.Permanent, f.name()+" has no "+what, "", "remove = [...] takes a key out")
	}
	e.Plan(t, now, len(wanted.entries) == 0, func(doc string) string {
		doc, refused := apply(f, doc, wanted, e.removed())
		if refused != nil {
			at := e.Path
			if refused.line > 0 {
				at += ":" + strconv.Itoa(refused.line)
			}
			t.Fail(refused.class, at+refused.text, "", refused.hint)
		}
		return doc
	})
}

// refusal is why a document is not edited. Its text follows the file's name and line.
type refusal struct {
	class op.Class
	line  int
	text  string
	hint  string
}

// apply makes a document say what is wanted.
func apply(f format, doc string, wanted *node, removed [][]string) (string, *refusal) {
	root, refused := read(f, doc)
	if refused != nil {
		return doc, refused
	}
	should := root
	for _, l := range leaves(wanted, root, nil) {
		if len(l.keys) == 0 {
			continue // set = {}
		}
		should = set(should, l.keys, l.value)
		_, reached, left := walk(root, l.keys)
		if len(left) == 0 && (same(reached, l.value) || isEmpty(l.value) && reached.kind == mapping) {
			continue
		}
		doc = put(f, doc, root, l)
		if root, refused = again(f, doc, should, l.keys); refused != nil {
			return doc, refused
		}
	}
	for _, keys := range removed {
		way, _, left := walk(root, keys)
		if len(left) > 0 || len(keys) == 0 {
			continue
		}
		should = remove(should, keys)
		doc = f.cut(doc, root, way)
		if root, refused = again(f, doc, should, keys); refused != nil {
			return doc, refused
		}
	}
	return doc, nil
}

// removed are the ways to what is not to be there.
func (e edits) removed() [][]string {
	var all [][]string
	for _, r := range e.Remove {
		switch r := r.(type) {
		case string:
			all = append(all, []string{r})
		case []any:
			var keys []string
			for _, k := range r {
				key, _ := k.(string)
				keys = append(keys, key)
			}
			all = append(all, keys)
		}
	}
	return all
}

func isEmpty(n *node) bool { return n.kind == mapping && len(n.entries) == 0 }

// put sets one value.
func put(f format, doc string, root *node, l leaf) string {
	way, reached, left := walk(root, l.keys)
	for n, s := range way { // what is taken over is not changed where it comes from
		if e := s.entry(); e.merged {
			return f.add(doc, root, way[:n], s.in, e.key, set(e.value, l.keys[n+1:], l.value))
		}
	}
	if len(left) > 0 && reached.kind == mapping {
		return f.add(doc, root, way, reached, left[0], wrap(left[1:], l.value))
	}
	if len(way) == 0 { // the document is no mapping, which read has refused
		return doc
	}
	return f.replace(doc, way, wrap(left, l.value))
}

// read parses what is on the host.
func read(f format, doc string) (*node, *refusal) {
	root, bad := f.parse(doc)
	switch {
	case bad != nil:
		return nil, &refusal{class: op.Permanent, line: bad.line, text: ": " + bad.text, hint: "correct the file by hand, or bring the whole of it: file(path, content = ...)"}
	case root.kind != mapping:
		return nil, &refusal{class: op.Conflict, text: " holds no keys and values, which set and remove are about", hint: "bring the whole file: file(path, content = ...)"}
	}
	return root, nil
}

// again parses a document that was edited. It has to say what it should.
func again(f format, doc string, should *node, keys []string) (*node, *refusal) {
	root, bad := f.parse(doc)
	if bad != nil || !same(f.settled(root), f.settled(should)) {
		return nil, &refusal{
			class: op.Permanent, text: " is written in a form in which " + strings.Join(keys, " → ") + " cannot be edited alone",
			hint: "edit that part by hand, or bring the whole file: file(path, content = ...)",
		}
	}
	return root, nil
}
