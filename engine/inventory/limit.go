package inventory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// ExpandLimit replaces each @FILE in a limit by the lines of that file, each of
// which is a selector, or a comment after #. It is for selectors from the
// command line; Select itself reads no files.
func ExpandLimit(limit string, read func(name string) ([]byte, error)) (string, error) {
	if !strings.Contains(limit, "@") {
		return limit, nil
	}
	var terms []string
	for _, part := range split(word{text: limit}, ',') {
		name, isFile := strings.CutPrefix(strings.TrimSpace(part.text), "@")
		if !isFile {
			terms = append(terms, part.text)
			continue
		}
		content, err := read(name)
		if err != nil {
			return "", err
		}
		before := len(terms)
		for line := range strings.Lines(string(content)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				terms = append(terms, line)
			}
		}
		if len(terms) == before {
			return "", &diag.Error{Summary: fmt.Sprintf("--limit @%s: the file names no host", name), Code: diag.Usage}
		}
	}
	return strings.Join(terms, ","), nil
}

// Limited picks the hosts that a limit leaves. read reads the files that it names.
func (inv *Inventory) Limited(limit string, read func(name string) ([]byte, error)) ([]*Host, error) {
	if limit == "" {
		return inv.Hosts(), nil
	}
	expanded, err := ExpandLimit(limit, read)
	if err != nil {
		return nil, err
	}
	hosts, err := inv.Select(expanded)
	if err == nil {
		err = inv.Unmatched(expanded, true)
	}
	if err != nil {
		return nil, limitError(limit, err)
	}
	return hosts, nil
}

func limitError(limit string, err error) error {
	d := &diag.Error{Summary: "--limit " + limit + ": " + err.Error(), Cause: err}
	d.Hint = HintOf(err)
	return d
}

// HintOf says what to do about a selector that cannot be read.
func HintOf(err error) string {
	if unknown, ok := errors.AsType[*UnknownName](err); ok && unknown.Nearest != "" {
		return fmt.Sprintf("did you mean %q?", unknown.Nearest)
	}
	if d, ok := errors.AsType[*diag.Error](err); ok && d.Hint != "" {
		return d.Hint
	}
	return "hosts are selected by names, globs, groups, k=v, ~RE, web[0:2], joined by ':', '&' and '!'"
}
