package meter

import (
	"fmt"
	"slices"
)

// Types of values as they stand in a binary.
const (
	i32       = 0x7f
	i64       = 0x7e
	f32       = 0x7d
	f64       = 0x7c
	funcref   = 0x70
	externref = 0x6f
)

// section reads the next section and keeps it.
func (m *parts) section(r *reader) {
	id := r.byte()
	s := r.sub(r.u32())
	if r.err != nil || id == secCustom {
		return
	}
	if m.place(r, id); r.err != nil {
		return
	}
	m.whole[id] = s.b
	switch id {
	case secStart:
		m.function(s)
	case secDataCount:
		s.u32()
	default:
		m.vector(s, id)
	}
	if s.at != len(s.b) {
		s.fail("section %d is longer than its content", id)
	}
	r.err = s.err
}

// place checks that a section stands where it may.
func (m *parts) place(r *reader, id byte) {
	i := slices.Index(order[:], id)
	switch {
	case i < 0:
		r.fail("unknown section %d", id)
	case i < m.last:
		r.fail("section %d is out of order or there twice", id)
	}
	m.last = i + 1
}

// vector reads a section that is a list of entries.
func (m *parts) vector(s *reader, id byte) {
	n := s.count(maxVector, fmt.Sprintf("entries in section %d", id))
	m.vectors[id] = vector{count: n, bytes: s.b[s.at:], at: s.base + s.at}
	switch id {
	case secType:
		s.each(n, func() { m.functype(s) })
	case secImport:
		s.each(n, func() { m.importing(s) })
	case secFunction:
		s.each(n, func() { m.typed(s) })
	case secTable:
		m.tables(s, n)
	case secMemory:
		m.memories(s, n)
	case secGlobal:
		s.each(n, func() { m.global(s) })
	case secExport:
		s.each(n, func() { m.export(s) })
	case secElement:
		s.each(n, func() { m.element(s) })
	case secCode:
		s.each(n, func() { s.bytes(s.u32()) })
	case secData:
		s.each(n, func() { m.data(s) })
	}
}

// function reads the index of a function.
func (m *parts) function(r *reader) {
	if i := r.u32(); i >= m.functions() {
		r.fail("there is no function %d", i)
	}
}

// typed reads the index of a function's type.
func (m *parts) typed(r *reader) {
	if i := r.u32(); i >= m.vectors[secType].count {
		r.fail("there is no type %d", i)
	}
}

func (m *parts) functype(r *reader) {
	if form := r.byte(); form != 0x60 {
		r.fail("type form 0x%02x is not supported", form)
	}
	for range 2 {
		r.each(r.count(maxValues, "values in a type"), func() { valueType(r) })
	}
}

func valueType(r *reader) {
	switch t := r.byte(); t {
	case i32, i64, f32, f64, funcref, externref:
	default:
		r.fail("value type 0x%02x is not supported", t)
	}
}

func (m *parts) importing(r *reader) {
	module, name := r.name(), r.name()
	if kind := r.byte(); kind != kindFunction {
		r.fail("imports %q of %q, which is no function", name, module)
	}
	m.typed(r)
	if r.err == nil && !slices.Contains(m.rules.Imports[module], name) {
		r.fail("imports %q of %q, which a guest may not have", name, module)
	}
	m.imported++
}

// limits reads the sizes of a table or memory and returns the smaller one.
func limits(r *reader) int {
	flags := r.byte()
	if flags > 1 {
		r.fail("limits of kind 0x%02x are not supported", flags)
	}
	least := r.u32()
	if flags == 1 {
		r.u32()
	}
	return least
}

func (m *parts) tables(r *reader, n int) {
	if n > maxTables {
		r.fail("%d tables, more than %d", n, maxTables)
	}
	r.each(n, func() {
		refType(r)
		if least := limits(r); least > maxElements {
			r.fail("a table begins with %d elements, more than %d", least, maxElements)
		}
	})
}

func refType(r *reader) {
	if t := r.byte(); t != funcref && t != externref {
		r.fail("reference type 0x%02x is not supported", t)
	}
}

func (m *parts) memories(r *reader, n int) {
	if n > 1 {
		r.fail("%d memories, more than one", n)
	}
	r.each(n, func() { limits(r) })
}

func (m *parts) global(r *reader) {
	valueType(r)
	r.byte()
	m.constant(r)
}

// constant reads an expression that gives a constant.
func (m *parts) constant(r *reader) {
	switch code := r.byte(); code {
	case opI32Const:
		r.skip(5)
	case opI64Const:
		r.skip(10)
	case opF32Const:
		r.bytes(4)
	case opF64Const:
		r.bytes(8)
	case opRefNull:
		refType(r)
	case opRefFunc:
		m.function(r)
	default:
		r.fail("opcode 0x%02x in a constant is not supported", code)
	}
	if r.byte() != opEnd {
		r.fail("a constant has more than one instruction")
	}
}

func (m *parts) export(r *reader) {
	name, kind := r.name(), r.byte()
	switch kind {
	case kindFunction:
		m.function(r)
	case kindGlobal:
		if i := r.u32(); i >= m.globals() {
			r.fail("there is no global %d", i)
		}
	default:
		r.u32()
	}
	if name == Fuel {
		r.fail("exports %q, which is the host's", name)
	}
	m.exports[name] = kind
}

// element reads a segment of a table: its flags say which of eight forms it has.
func (m *parts) element(r *reader) {
	flags := r.u32()
	if flags > 7 {
		r.fail("element segment of kind %d is not supported", flags)
	}
	passive, explicit, expressions := flags&1 != 0, flags&2 != 0, flags&4 != 0
	if !passive {
		if explicit {
			r.u32() // the table
		}
		m.constant(r)
	}
	if passive || explicit {
		if expressions {
			refType(r)
		} else if r.byte() != 0 {
			r.fail("element segment does not hold functions")
		}
	}
	n := r.count(maxElements, "elements in a segment")
	if expressions {
		r.each(n, func() { m.constant(r) })
	} else {
		r.each(n, func() { m.function(r) })
	}
}

// data reads a segment of memory.
func (m *parts) data(r *reader) {
	switch flags := r.u32(); flags {
	case 0:
		m.constant(r)
	case 1:
	case 2:
		r.u32() // the memory
		m.constant(r)
	default:
		r.fail("data segment of kind %d is not supported", flags)
	}
	r.bytes(r.u32())
}
