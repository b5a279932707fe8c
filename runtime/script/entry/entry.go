// Package entry is the syntax of what is typed at a prompt: where an entry ends, and which names it gives values to.
//
// It imports the parser of Starlark alone.
package entry

import (
	"errors"
	"strings"

	"go.starlark.net/syntax"
)

// Dialect is the language at a prompt: as in files, but a name may be given another value, and load gives names to all entries that
// follow.
func Dialect() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true, LoadBindsGlobally: true}
}

// Unfinished reports whether a text that was typed goes on in the next line: a bracket or a long text is open, or a block was begun.
// A block ends with an empty line.
func Unfinished(text string) bool {
	file, err := Dialect().Parse("", text+"\n", 0)
	if err != nil {
		return isCut(err, text)
	}
	if len(file.Stmts) == 0 || !isBlock(file.Stmts[len(file.Stmts)-1]) {
		return false
	}
	last := text[strings.LastIndexByte(text, '\n')+1:]
	return strings.Contains(text, "\n") && strings.TrimSpace(last) != ""
}

// isCut reports whether a text cannot be read since it ends too early.
func isCut(err error, text string) bool {
	e, ok := errors.AsType[syntax.Error](err)
	if !ok {
		return false
	}
	switch {
	case e.Msg == "unexpected EOF in string":
		return true // of one in three quotes: others end with their line
	case strings.HasPrefix(e.Msg, "got end of file"):
		return true
	case strings.HasPrefix(e.Msg, "got outdent"): // an open bracket within a block
		return int(e.Pos.Line) > strings.Count(text, "\n")+1
	}
	return false
}

func isBlock(s syntax.Stmt) bool {
	switch s.(type) {
	case *syntax.DefStmt, *syntax.IfStmt, *syntax.ForStmt, *syntax.WhileStmt:
		return true
	}
	return false
}

// Lines puts lines that are read from a file or a pipe together to entries. There a block does not end with an empty line, but with
// the next line that is not indented.
type Lines struct{ lines []string }

// Add takes a line, and returns the entries that it ends.
func (l *Lines) Add(line string) (entries []string) {
	if len(l.lines) > 0 && (strings.TrimSpace(line) == "" || strings.ContainsAny(line[:1], " \t#")) {
		l.lines = append(l.lines, line) // what is begun goes on; it is looked at once a line can be another statement
		return nil
	}
	if len(l.lines) > 0 && starts(line) {
		if text := strings.Join(l.lines, "\n"); !isOpen(text) {
			entries, l.lines = append(entries, text), nil
		}
	}
	l.lines = append(l.lines, line)
	text := strings.Join(l.lines, "\n")
	file, err := Dialect().Parse("", text+"\n", 0)
	if err != nil && isCut(err, text) || err == nil && len(file.Stmts) > 0 && isBlock(file.Stmts[len(file.Stmts)-1]) {
		return entries
	}
	if err != nil || len(file.Stmts) > 0 {
		return append(entries, l.Rest()...)
	}
	l.lines = nil // comments and empty lines
	return append(entries, text)
}

// Rest returns what is left at the end of the input.
func (l *Lines) Rest() []string {
	if len(l.lines) == 0 {
		return nil
	}
	text := strings.Join(l.lines, "\n")
	l.lines = nil
	return []string{text}
}

// isOpen reports whether a text ends within a bracket or a long text.
func isOpen(text string) bool {
	_, err := Dialect().Parse("", text+"\n", 0)
	return err != nil && isCut(err, text)
}

// starts reports whether a line can begin another statement than the one before it.
func starts(line string) bool {
	if line == "" || strings.ContainsAny(line[:1], " \t#") {
		return false
	}
	word := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ':' || r == '(' })
	return len(word) == 0 || word[0] != "else" && word[0] != "elif"
}

// Dedent takes the blanks off the lines of an entry that its first line begins with.
func Dedent(text string) string {
	before := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if before == "" {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, before)
	}
	return strings.Join(lines, "\n")
}

// Loops are the names to which a statement outside of functions gives values by going through something.
func Loops(s syntax.Stmt) []string {
	var names []string
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ForStmt:
			names = append(names, targets(n.Vars)...)
		case *syntax.DefStmt, syntax.Expr:
			return false
		}
		return true
	})
	return names
}

// targets are the names that an assignment to an expression gives values to.
func targets(e syntax.Expr) (names []string) {
	syntax.Walk(e, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Ident:
			names = append(names, n.Name)
		case *syntax.IndexExpr, *syntax.DotExpr, *syntax.SliceExpr: // changes a value
			return false
		}
		return true
	})
	return names
}

// Bound are the names to which a statement outside of functions gives values.
func Bound(s syntax.Stmt) []string {
	var names []string
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.DefStmt:
			names = append(names, n.Name.Name)
			return false
		case *syntax.AssignStmt:
			names = append(names, targets(n.LHS)...)
			return false
		case *syntax.ForStmt:
			names = append(names, targets(n.Vars)...)
		case *syntax.LoadStmt:
			for _, to := range n.To {
				names = append(names, to.Name)
			}
			return false
		case syntax.Expr:
			return false
		}
		return true
	})
	return names
}
