// Package meter vets the binary of a guest before anything compiles it, and
// makes its work countable: the metered module spends an exported counter as
// it runs and traps when the counter falls below zero. A runaway guest so ends
// after a fixed number of steps, the same on every machine, while compiled code
// never has to leave its loops to look at a clock.
//
// One step pays for a stretch of 512 bytes of code, or two at the end of a
// function, so none takes long. A charge stands at every
// loop header, before the first branch of a function, wherever a path through
// a function would grow longer than that, and before bulk operations, by the
// length they are given.
//
// On the way it makes the jumps that Go's compiler leads through a table into
// what they are where their target is known, which makes guests a tenth faster.
//
// It imports the standard library only.
package meter

import (
	"encoding/binary"
	"fmt"
)

// Version changes whenever the same input would give another output, for
// caches of compiled code.
const Version = 2

// Fuel is the name of the exported counter: a mutable i64, the steps that are
// left. Its first value is Rules.Start, for what runs while a guest is instantiated.
const Fuel = "froyo_fuel"

// Rules say what a module may import and what it must export.
type Rules struct {
	// Imports holds the names of functions by module. Nothing else may be imported.
	Imports map[string][]string
	// Exports lists functions that must be there, beside a memory named "memory".
	Exports []string
	// Start is the number of steps that instantiation may take.
	Start int64
}

// Error is a module that cannot be used.
type Error struct {
	// Offset is where in the binary the problem lies.
	Offset int
	// Problem is what is wrong, as one line.
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (at byte %d)", e.Problem, e.Offset) }

// Limits of a module. They keep a small file from asking for much memory
// while it is compiled or instantiated.
const (
	maxModule   = 32 << 20
	maxVector   = 1 << 18 // entries of a section
	maxValues   = 1000    // parameters or results of a type
	maxLocals   = 50_000  // locals of a function
	maxTables   = 8
	maxElements = 1 << 20 // initial size of a table
)

// Meter returns the module with its steps counted, or an *Error where it
// breaks the rules or uses what cannot be counted. The types of values are left
// to the compiler: what was invalid before is so afterwards.
func Meter(module []byte, rules Rules) ([]byte, error) {
	if len(module) > maxModule {
		return nil, &Error{Problem: fmt.Sprintf("the module has %d bytes, more than %d", len(module), maxModule)}
	}
	if len(module) < 8 || string(module[:4]) != "\x00asm" || binary.LittleEndian.Uint32(module[4:]) != 1 {
		return nil, &Error{Problem: "not a WebAssembly module of version 1"}
	}
	m := &parts{rules: rules, exports: map[string]byte{}}
	r := &reader{b: module, at: 8}
	for r.at < len(r.b) && r.err == nil {
		m.section(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := m.complete(); err != nil {
		return nil, err
	}
	return m.rewrite(len(module))
}

// The sections, by their ids.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
	sections
)

// The kinds of imports and exports that matter here.
const (
	kindFunction = 0
	kindMemory   = 2
	kindGlobal   = 3
)

// order is how sections follow each other in a binary.
var order = [...]byte{
	secType, secImport, secFunction, secTable, secMemory, secGlobal,
	secExport, secStart, secElement, secDataCount, secCode, secData,
}

// vector is the content of a section: how many entries it has and their bytes.
type vector struct {
	count int
	bytes []byte
	at    int // where the bytes begin in the binary
}

// parts are the sections of a module as far as they were read.
type parts struct {
	rules    Rules
	last     int // index in order of the latest section
	vectors  [sections]vector
	whole    [sections][]byte // sections that are passed on as they are
	imported int              // functions that are imported
	exports  map[string]byte  // the kinds of what is exported
}

func (m *parts) functions() int { return m.imported + m.vectors[secFunction].count }
func (m *parts) globals() int   { return m.vectors[secGlobal].count }

// complete checks what only the whole module shows.
func (m *parts) complete() error {
	if code, fns := m.vectors[secCode].count, m.vectors[secFunction].count; code != fns {
		return &Error{m.vectors[secCode].at, fmt.Sprintf("%d functions are declared and %d have code", fns, code)}
	}
	for _, name := range m.rules.Exports {
		if err := m.exporting(name, kindFunction); err != nil {
			return err
		}
	}
	return m.exporting("memory", kindMemory)
}

// exporting checks that something is exported, and as what it should be.
func (m *parts) exporting(name string, want byte) error {
	switch kind, ok := m.exports[name]; {
	case !ok:
		return &Error{m.vectors[secExport].at, fmt.Sprintf("does not export %q", name)}
	case kind != want:
		return &Error{m.vectors[secExport].at, fmt.Sprintf("exports %q as something else", name)}
	}
	return nil
}

// rewrite puts the module together again: a counter, a function that spends
// from it, and code that does. Custom sections are dropped.
func (m *parts) rewrite(size int) ([]byte, error) {
	c := newCoder(m.vectors[secType].count, m.functions(), m.globals())
	code, err := c.code(m.vectors[secCode])
	if err != nil {
		return nil, err
	}
	spendType := m.vectors[secType].count
	additions := [sections][]byte{
		secType:     {0x60, 1, i32, 1, i32},
		secFunction: binary.AppendUvarint(nil, uint64(spendType)),
		secGlobal:   c.global(m.rules.Start),
		secExport:   c.export(m.globals()),
		secCode:     c.spender(),
	}
	m.vectors[secCode].bytes = code

	out := make([]byte, 0, size+size/8+256)
	out = append(out, "\x00asm\x01\x00\x00\x00"...)
	for _, id := range order {
		whole := m.whole[id]
		if added := additions[id]; added != nil {
			v := m.vectors[id]
			whole = binary.AppendUvarint(nil, uint64(v.count)+1)
			whole = append(append(whole, v.bytes...), added...)
		}
		if whole != nil {
			out = append(out, id)
			out = binary.AppendUvarint(out, uint64(len(whole)))
			out = append(out, whole...)
		}
	}
	return out, nil
}
