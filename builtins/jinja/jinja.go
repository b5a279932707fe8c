// Package jinja fills in Jinja templates as operators know them from Ansible:
// undefined variables are errors, blocks eat the newline after them, a
// trailing newline stays, nothing is escaped. What would make a template
// depend on anything but its variables and the workspace's files is left out.
//
// It imports gonja, the standard library and the limits of package bounds only.
package jinja

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	gonja "github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// Limits of one rendering.
const (
	maxOutput = 16 << 20  // bytes
	maxMade   = 64 << 20  // bytes of text that are made on the way
	maxList   = 1_000_000 // elements of an operator's list
	maxDepth  = 50        // of includes, macros and blocks within each other
	maxRange  = 100_000   // numbers that range() gives
	maxTexts  = 1000      // parsed templates kept that are no files
)

// DefaultLimit is how long a rendering may take.
const DefaultLimit = 30 * time.Second

// Set holds the templates of a workspace, each parsed once. It is safe for
// concurrent use.
type Set struct {
	fsys fs.FS
	read func(path string, content []byte) // told of every file that is read; may be nil
	cfg  *config.Config
	// Limit is how long a rendering may take; it must not change once the set is in use.
	Limit time.Duration
	env   *exec.Environment

	mu    sync.Mutex
	files map[string]*exec.Template
	texts map[string]*exec.Template
}

// New makes a set over a workspace. read is told of every file that a
// rendering reads; it must be safe for concurrent use.
func New(fsys fs.FS, read func(path string, content []byte)) *Set {
	cfg := config.New()
	cfg.StrictUndefined = true
	cfg.TrimBlocks = true
	cfg.KeepTrailingNewline = true
	return &Set{
		fsys: fsys, read: read, cfg: cfg, env: environment(), Limit: DefaultLimit,
		files: map[string]*exec.Template{}, texts: map[string]*exec.Template{},
	}
}

func environment() *exec.Environment {
	return &exec.Environment{
		Context:           globals(),
		Filters:           filters(),
		Tests:             tests(),
		ControlStructures: controlStructures(),
		Methods:           gonja.Methods,
	}
}

// Error is a template that could not be filled in.
type Error struct {
	File    string // "" where the template is no file
	Line    int    // 0 where it is not known
	Message string
	Hint    string
	Missing error // set where File itself could not be read
	Cause   error
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return e.File + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// File fills in the template at a path from the workspace's root.
func (s *Set) File(ctx context.Context, path string, vars map[string]any) (string, error) {
	t, err := s.template(s.files, path, func() (*exec.Template, error) {
		if _, err := fs.Stat(s.fsys, path); err != nil {
			return nil, &Error{File: path, Message: err.Error(), Missing: err, Cause: err}
		}
		return exec.NewTemplate("/"+path, s.cfg, &loader{set: s, dir: dirOf(path)}, s.env)
	})
	if err != nil {
		return "", explain(path, err)
	}
	return s.render(ctx, path, t, vars)
}

// Text fills in a template that is given as text; its includes are relative to the workspace's root.
func (s *Set) Text(ctx context.Context, text string, vars map[string]any) (string, error) {
	t, err := s.template(s.texts, text, func() (*exec.Template, error) {
		return exec.NewTemplate("/", s.cfg, &loader{set: s, text: text}, s.env)
	})
	if err != nil {
		return "", explain("text", err)
	}
	return s.render(ctx, "text", t, vars)
}

// named matches the templates that a template names as literals.
var named = regexp.MustCompile(`\{%[-+]?\s*(?:include|extends|import|from)\s+["']([^"']+)["']`)

// Preload reads a template and those that it names, so that read is told of
// them before they are used. What is not there is passed over.
func (s *Set) Preload(path string) { s.preload(path, map[string]bool{}) }

func (s *Set) preload(path string, seen map[string]bool) {
	if seen[path] {
		return
	}
	seen[path] = true
	l := &loader{set: s, dir: dirOf(path)}
	r, err := l.Read("/" + path)
	if err != nil {
		return
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return
	}
	for _, m := range named.FindAllStringSubmatch(string(content), -1) {
		if name, err := l.Resolve(m[1]); err == nil && name != "/" {
			s.preload(name[1:], seen)
		}
	}
}

// template returns a parsed template, parsing it at its first use.
func (s *Set) template(known map[string]*exec.Template, key string, parse func() (*exec.Template, error)) (t *exec.Template, err error) {
	s.mu.Lock()
	t, ok := known[key]
	s.mu.Unlock()
	if ok {
		return t, nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the template cannot be parsed: %v", r)
		}
	}()
	if t, err = parse(); err != nil {
		return nil, err
	}
	secure(t.Root())
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(known) >= maxTexts {
		clear(known)
	}
	known[key] = t
	return t, nil
}

// stateKey is where a rendering keeps its state; no template can name it.
const stateKey = " state"

func (s *Set) render(ctx context.Context, name string, t *exec.Template, vars map[string]any) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{File: name, Message: fmt.Sprintf("the template engine failed: %v", r)}
		}
	}()
	st := &state{ctx: ctx, limit: s.Limit, until: time.Now().Add(s.Limit)}
	data := maps.Clone(vars)
	if data == nil {
		data = map[string]any{}
	}
	data[stateKey] = st
	w := &output{}
	err = t.Execute(w, exec.NewContext(data))
	if limit, ok := errors.AsType[stop](st.failed); ok {
		out := &Error{File: name, Message: limit.Error(), Cause: limit}
		if err != nil {
			at := explain(name, err)
			out.File, out.Line = at.File, at.Line
		}
		return "", out
	}
	if err != nil {
		return "", explain(name, err)
	}
	if st.failed != nil {
		return "", explain(name, st.failed)
	}
	if st.depth != 0 { // gonja drops errors there
		return "", &Error{File: name, Message: "a block that is rendered by super() or self has an error"}
	}
	return w.text.String(), nil
}

// output collects a rendering, up to a limit.
type output struct{ text strings.Builder }

func (o *output) Write(p []byte) (int, error) {
	if o.text.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("the result is larger than %d bytes", maxOutput)
	}
	return o.text.Write(p)
}
