package jinja

import (
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The forms of gonja's messages. It gives no structure, only nested text.
var (
	atLine   = regexp.MustCompile(`at line (\d+): `)
	nextLine = regexp.MustCompile(`^\w+ControlStructure\([^)]*Line=\d+ Col=1\): `)
	included = regexp.MustCompile(`ControlStructure\(Filename='([^']+)'`)
	inSource = regexp.MustCompile(`(?s)failed to parse template '.*': `)
	atToken  = regexp.MustCompile(`(?s)\s*\(Line: (\d+) Col: \d+.*\)$`)
	noName   = regexp.MustCompile(`(?s)nable to evaluate name "([^"]*)"$`)
	noMember = regexp.MustCompile(`(?s)nable to evaluate (\S+): (?:attribute|item) '?([^']*)'? not found$`)
	unknown  = regexp.MustCompile(`(filter|test) '([^']*)' not found$`)
	// chatter is what stands before the reason.
	chatter = regexp.MustCompile(`(?s)^.*(?:ControlStructure\([^)]*\): |guard: |call\(.*\): |unable to evaluate filter &\{.*\}: |invalid call to (?:function|filter) '[ \w]+': |unable to (?:load|execute) template(?: '[^']*')?: |failed to reader template '[^']*': |failed to resolve filename: )`)
)

// explain finds the place and the reason in one of gonja's errors.
func explain(file string, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	text := inSource.ReplaceAllString(err.Error(), "")
	out := &Error{File: file, Cause: err}
	for _, m := range included.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, "failed to resolve filename") {
			out.File = path.Join(path.Dir(out.File), m[1])
		}
	}
	if m := atToken.FindStringSubmatch(text); m != nil {
		out.Line, _ = strconv.Atoi(m[1]) // digits
		text = atToken.ReplaceAllString(text, "")
	}
	if all := atLine.FindAllStringSubmatchIndex(text, -1); len(all) > 0 {
		last := all[len(all)-1]
		out.Line, _ = strconv.Atoi(text[last[2]:last[3]]) // digits
		text = text[last[1]:]
		if nextLine.MatchString(text) { // gonja tells the place behind the tag
			out.Line--
		}
		if strings.Contains(text, "unable to load template") {
			out.Line = 0 // the place is that of the tag, the file is what the tag names
		}
	}
	out.Message, out.Hint = reason(text)
	return out
}

func reason(text string) (message, hint string) {
	if m := noName.FindStringSubmatch(text); m != nil {
		return strconv.Quote(m[1]) + " is not defined", "give it to template(), or write " + m[1] + " | default(...)"
	}
	if m := noMember.FindStringSubmatch(text); m != nil {
		return strconv.Quote(m[2]) + " is not defined in " + m[1], ""
	}
	if m := unknown.FindStringSubmatch(text); m != nil {
		return "there is no " + m[1] + " " + strconv.Quote(m[2]), ""
	}
	return strings.Join(strings.Fields(chatter.ReplaceAllString(text, "")), " "), ""
}
