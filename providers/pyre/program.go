package pyre

import (
	"slices"
	"unicode"
)

// operation is what an instruction does.
type operation int

const (
	opChar   operation = iota // takes a character
	opSet                     // takes one of a set
	opPlace                   // goes on at such a place only
	opSplit                   // goes on at to, and where that leads to nothing, at or
	opJump                    // goes on at to
	opSave                    // keeps the place in slot
	opMany                    // takes as many characters as it can, or as few
	opBegin                   // begins a repetition
	opAgain                   // repeats, or goes on at or
	opRefer                   // takes what a group matched
	opLook                    // looks whether what is up to to matches
	opAtomic                  // takes the first match of what is up to to
	opChoice                  // goes on at to where a group matched, else at or
	opEnd                     // of a match, or of what is looked at
)

// instruction is one of a program. The next one is done after it, if it does not say where to go on.
type instruction struct {
	operation operation
	node      *node // what it was made of
	slot      int   // of a place that is kept, or the first of those of a repetition
	to, or    int
}

// program is a pattern as it is matched.
type program struct {
	code  []instruction
	slots int
	// filtered says that a match begins with a character, and which of ASCII that may be.
	filtered bool
	first    [unicode.MaxASCII + 1]bool
}

// compile makes a program of a pattern with groups.
func compile(n *node, groups int, whole bool) *program {
	p := &program{slots: 2 * (groups + 1)}
	p.add(n)
	if whole {
		p.emit(instruction{operation: opPlace, node: &node{kind: place, r: 'Z'}})
	}
	p.emit(instruction{operation: opEnd})
	if begin, empty, known := first(n); known && !empty {
		p.filtered = true
		for c := range p.first {
			p.first[c] = slices.ContainsFunc(begin, func(n *node) bool { return n.takes(rune(c)) })
		}
	}
	return p
}

// mayBegin reports whether a match may begin with a character.
func (p *program) mayBegin(c rune) bool { return c > unicode.MaxASCII || p.first[c] }

// first lists the nodes that the first character of a match may be of; empty says that it may have none.
func first(n *node) (begin []*node, empty, known bool) {
	switch n.kind {
	case char, oneOf:
		return []*node{n}, false, true
	case place, look:
		return nil, true, true
	case group, atomic, repeat:
		begin, empty, known = first(n.subs[0])
		return begin, empty || n.kind == repeat && n.min == 0, known
	case sequence, either:
		empty = n.kind == sequence
		for _, sub := range n.subs {
			b, e, k := first(sub)
			if !k {
				return nil, false, false
			}
			begin = append(begin, b...)
			if n.kind == sequence && !e {
				return begin, false, true
			}
			empty = empty || e
		}
		return begin, empty, true
	}
	return nil, false, false
}

func (p *program) emit(i instruction) int {
	p.code = append(p.code, i)
	return len(p.code) - 1
}

func (p *program) add(n *node) {
	switch n.kind {
	case char:
		p.emit(instruction{operation: opChar, node: n})
	case oneOf:
		p.emit(instruction{operation: opSet, node: n})
	case place:
		p.emit(instruction{operation: opPlace, node: n})
	case backReference:
		p.emit(instruction{operation: opRefer, node: n, slot: 2 * n.n})
	case sequence:
		for _, sub := range n.subs {
			p.add(sub)
		}
	case either:
		p.either(n)
	case group:
		if n.n >= 0 {
			p.emit(instruction{operation: opSave, slot: 2 * n.n})
		}
		p.add(n.subs[0])
		if n.n >= 0 {
			p.emit(instruction{operation: opSave, slot: 2*n.n + 1})
		}
	case repeat:
		p.repeat(n)
	case look, atomic:
		operation := opAtomic
		if n.kind == look {
			operation = opLook
		}
		at := p.emit(instruction{operation: operation, node: n})
		p.add(n.subs[0])
		p.emit(instruction{operation: opEnd})
		p.code[at].to = len(p.code)
	case choice:
		at := p.emit(instruction{operation: opChoice, node: n, slot: 2 * n.n, to: len(p.code) + 1})
		p.add(n.subs[0])
		jump := p.emit(instruction{operation: opJump})
		p.code[at].or = len(p.code)
		p.add(n.subs[1])
		p.code[jump].to = len(p.code)
	}
}

func (p *program) either(n *node) {
	var jumps []int
	for i, sub := range n.subs {
		if i == len(n.subs)-1 {
			p.add(sub)
			break
		}
		split := p.emit(instruction{operation: opSplit, to: len(p.code) + 1})
		p.add(sub)
		jumps = append(jumps, p.emit(instruction{operation: opJump}))
		p.code[split].or = len(p.code)
	}
	for _, at := range jumps {
		p.code[at].to = len(p.code)
	}
}

// repeat keeps, in two slots, how often it has repeated, and where that began last.
func (p *program) repeat(n *node) {
	sub := n.subs[0]
	for sub.kind == sequence && len(sub.subs) == 1 || sub.kind == group && sub.n < 0 {
		sub = sub.subs[0]
	}
	if sub.kind == char || sub.kind == oneOf {
		p.emit(instruction{operation: opMany, node: &node{kind: repeat, min: n.min, max: n.max, lazy: n.lazy, subs: []*node{sub}}})
		return
	}
	slot := p.slots
	p.slots += 2
	p.emit(instruction{operation: opBegin, slot: slot})
	again := p.emit(instruction{operation: opAgain, node: n, slot: slot, to: len(p.code) + 1})
	p.add(n.subs[0])
	p.emit(instruction{operation: opJump, to: again})
	p.code[again].or = len(p.code)
}
