package planfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
)

// Write saves the document, signed with a key.
func (d *Document) Write(w io.Writer, key ed25519.PrivateKey) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	_, err = w.Write(sign(text, key))
	return err
}

// text is the document as JSON, before it is signed. A document has only one.
func (d *Document) text() ([]byte, error) { return plain(d, "  ") }

// plain is a part of a document as JSON.
func plain(part any, indent string) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", indent)
	enc.SetEscapeHTML(false)
	err := enc.Encode(part)
	// What is no UTF-8 becomes this escape, and has to be written so again.
	return bytes.ReplaceAll(escape.JSON(text.Bytes()), []byte("\ufffd"), []byte(`\ufffd`)), err
}

// Sum is the digest of the document.
func (d *Document) Sum() (string, error) {
	sums := make([]string, len(d.Hosts))
	for i := range d.Hosts {
		var err error
		if sums[i], err = d.Hosts[i].Sum(); err != nil {
			return "", err
		}
	}
	return d.SumOver(sums)
}

// SumOver is the digest of a document whose hosts have these digests: of many hosts, not
// all have to be at hand at once.
func (d *Document) SumOver(hosts []string) (string, error) {
	rest := *d
	rest.Hosts = nil
	text, err := plain(rest, "")
	return op.Sum([]byte(strings.Join(append(slices.Clone(hosts), op.Sum(text)), "\n"))), err
}

// Sum is the digest of the host's plan.
func (h *Host) Sum() (string, error) {
	text, err := plain(h, "")
	return op.Sum(text), err
}

// Decode reads a document that a store kept, as JSON without a signature.
func Decode(data []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	if d.Format != Format {
		return nil, diag.Errorf(diag.Pos{}, "it was kept by another version of froyo: its format is %q, this version reads %q", d.Format, Format)
	}
	return &d, d.check()
}

var beginning = regexp.MustCompile(`^\s*\{\s*"format":\s*"froyo-plan/`)

// Begins reports whether a text begins as a saved plan of some version of froyo does.
func Begins(head []byte) bool { return beginning.Match(head) }

// Keys gives the public keys of which one must have signed a plan that was made
// in a directory. The directory is what the plan says, before anybody has checked it.
type Keys func(root string) ([]ed25519.PublicKey, error)

// Parse reads a saved plan. name is the file's, for messages. Nothing of the
// file is read as JSON before its signature is known to be right, but for the
// directory that says whose it must be.
func Parse(data []byte, name string, keys Keys) (*Document, error) {
	refuse := func(format string, args ...any) *diag.Error {
		return diag.Errorf(diag.Pos{File: name}, format, args...).WithHint("make a new one: froyo plan --out %s", wording.Quote(name))
	}
	switch format, ok := formatOf(data); {
	case !ok:
		return nil, refuse("not a plan: it does not say %q as its format", Format).WithHint("froyo plan --out FILE.json saves one")
	case format != Format:
		return nil, refuse("saved by another version of froyo: its format is %q, this version reads %q", format, Format)
	}
	text, err := verify(data, name, keys)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var d Document
	if err := dec.Decode(&d); err != nil {
		return nil, refuse("not a plan: it is damaged, although its signature is valid: %w", err)
	}
	// One document has one text: no name stands twice, nothing follows, no value has another spelling.
	if same, err := d.text(); err != nil || !bytes.Equal(same, text) {
		return nil, refuse("not a plan: it is not written as froyo writes one, although its signature is valid")
	}
	if _, ok := d.Sources[d.Main]; !ok {
		return nil, refuse("not a plan: its runbook %q is not among its sources", d.Main)
	}
	if err := d.check(); err != nil {
		return nil, refuse("not a plan: %w", err)
	}
	return &d, nil
}

// formatOf finds the format in the first line that says anything, where Write puts it.
func formatOf(data []byte) (string, bool) {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(data, []byte("{\n  \"format\": \"")), []byte("\n"))
	number, ok := strings.CutPrefix(string(line[:min(len(line), 32)]), "froyo-plan/")
	number, closed := strings.CutSuffix(number, `",`)
	return "froyo-plan/" + number, ok && closed && len(line) < len(data)
}

// rootOf finds the directory of the runbook where Write puts it, in a text that is
// not known to be right yet.
func rootOf(text []byte) (string, bool) {
	_, rest, _ := bytes.Cut(text, []byte("\n  \"root\": "))
	line, _, ok := bytes.Cut(rest, []byte(",\n"))
	var root string
	return root, ok && len(line) < 64<<10 && json.Unmarshal(line, &root) == nil && filepath.IsAbs(root)
}
