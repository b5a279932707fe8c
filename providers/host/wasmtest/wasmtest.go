// Package wasmtest assembles WebAssembly modules by hand, for tests of what a
// guest may not be: compilers do not make such modules.
//
// It imports the standard library only, and only tests import it.
package wasmtest

import (
	"bytes"
	"encoding/binary"
)

// Types of values.
const (
	I32 = 0x7f
	I64 = 0x7e
)

// Ids of sections.
const (
	Custom = iota
	Types
	Imports
	Functions
	Tables
	Memories
	Globals
	Exports
	Start
	Elements
	Codes
	Data
	DataCount
)

// Binary joins sections to a module.
func Binary(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), bytes.Join(sections, nil)...)
}

// Section makes a section that is a list of entries.
func Section(id byte, entries ...[]byte) []byte {
	content := append(Number(uint64(len(entries))), bytes.Join(entries, nil)...)
	return append(append([]byte{id}, Number(uint64(len(content)))...), content...)
}

// Number is an unsigned number in LEB128.
func Number(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// Name is a string with its length.
func Name(s string) []byte { return append(Number(uint64(len(s))), s...) }

// Type is the type of functions with these parameters, a byte each, and results.
func Type(params string, results ...byte) []byte {
	return append([]byte{0x60}, append(Name(params), Name(string(results))...)...)
}

// ImportFunc imports a function of the type with an index.
func ImportFunc(module, name string, typ byte) []byte {
	return append(append(Name(module), Name(name)...), 0, typ)
}

// Export exports what has a kind (0 is a function, 2 a memory, 3 a global) and an index.
func Export(name string, kind, index byte) []byte { return append(Name(name), kind, index) }

// Func is the code of a function: groups of locals as (count, type) pairs, and
// its instructions, to which the end is added.
func Func(locals [][2]uint64, code ...byte) []byte {
	body := Number(uint64(len(locals)))
	for _, l := range locals {
		body = append(append(body, Number(l[0])...), byte(l[1]))
	}
	body = append(append(body, code...), 0x0b)
	return append(Number(uint64(len(body))), body...)
}

// Guest is a module that has what a guest must export.
type Guest struct {
	ABI  byte   // what froyo_abi returns, below 64
	Buf  []byte // code of froyo_buf; its parameter is the length
	Call []byte // code of froyo_call; its parameter is the length
	Init []byte // code of _initialize
	Mark byte   // what froyo_mark returns, below 64
	// Imports are functions to import; those of the guest come behind them.
	Imports [][]byte
	// Functions come behind the guest's own five, all of the type () -> ().
	Functions [][]byte
	// More holds sections, by id; they replace the guest's own of that id.
	More map[byte][]byte
}

// Indexes of the types that every Guest has.
const (
	TypeNothing = iota // () -> ()
	TypeGet            // () -> i32
	TypeSize           // i32 -> i32
	TypeCall           // i32 -> i64
	TypeTwo            // i32, i32 -> i32
)

// Binary assembles the guest.
func (g Guest) Binary() []byte {
	fns := [][]byte{{TypeGet}, {TypeSize}, {TypeCall}, {TypeGet}, {TypeNothing}}
	codes := [][]byte{
		Func(nil, 0x41, g.ABI),
		Func(nil, orElse(g.Buf, 0x41, 0x80, 0x08)...), // i32.const 1024
		Func(nil, orElse(g.Call, 0x42, 0x00)...),
		Func(nil, 0x41, g.Mark),
		Func(nil, g.Init...),
	}
	for _, f := range g.Functions {
		fns = append(fns, []byte{TypeNothing})
		codes = append(codes, f)
	}
	n := byte(len(g.Imports))
	sections := map[byte][]byte{
		Types:     Section(Types, Type(""), Type("", I32), Type("\x7f", I32), Type("\x7f", I64), Type("\x7f\x7f", I32)),
		Imports:   Section(Imports, g.Imports...),
		Functions: Section(Functions, fns...),
		Memories:  Section(Memories, []byte{0, 1}),
		Exports: Section(Exports, Export("froyo_abi", 0, n), Export("froyo_buf", 0, n+1), Export("froyo_call", 0, n+2),
			Export("froyo_mark", 0, n+3), Export("_initialize", 0, n+4), Export("memory", 2, 0)),
		Codes: Section(Codes, codes...),
	}
	var out [][]byte
	for _, id := range []byte{Types, Imports, Functions, Tables, Memories, Globals, Exports, Start, Elements, DataCount, Codes, Data} {
		if s, ok := g.More[id]; ok {
			out = append(out, s)
		} else {
			out = append(out, sections[id])
		}
	}
	return Binary(out...)
}

func orElse(code []byte, other ...byte) []byte {
	if code != nil {
		return code
	}
	return other
}
