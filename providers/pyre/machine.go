package pyre

import (
	"context"
	"time"
)

// machine matches a program. Where a part can match in several ways it keeps the
// others on a stack, and goes back to the last of them where nothing more matches.
type machine struct {
	limits *limits
	code   []instruction
	text   []rune
	slots  []int
	stack  []entry
	// not is where no empty match may be, -1 for nowhere: the last one was there.
	not int
}

// limits are what a search may take.
type limits struct {
	ctx   context.Context
	until time.Time // zero for ever
	steps int
	err   error
	// stack is that of the last machine, for the next one.
	stack []entry
}

// entry is what was before: the value of a slot, or a way that was not gone.
type entry struct {
	what trail
	at   int32 // a slot, or an instruction
	pos  int32 // what the slot held, or the place
	end  int32 // of characters that may be given back, or the last place that may be tried
}

type trail int32

const (
	value trail = iota
	way
	fewer   // characters of opMany
	further // of one that is lazy
	again   // of a repetition that is lazy
)

// stepsToLook is how many steps are made between looks at the clock.
const stepsToLook = 4096

// spend reports whether another step may be made.
func (l *limits) spend() bool {
	if l.steps++; l.steps%stepsToLook == 0 && l.err == nil {
		if l.steps > maxSteps {
			l.err = errTooLong
		} else if l.ctx.Err() != nil {
			l.err = context.Cause(l.ctx)
		} else if !l.until.IsZero() && time.Now().After(l.until) {
			l.err = errTooLong
		}
	}
	return l.err == nil
}

// keep sets a slot; going back undoes that.
func (m *machine) keep(slot, pos int) {
	m.push(value, slot, m.slots[slot], 0)
	m.slots[slot] = pos
}

func (m *machine) push(what trail, at, pos, end int) {
	if len(m.stack) >= maxStack {
		m.limits.err = errTooLarge
		return
	}
	if len(m.stack) == cap(m.stack) && len(m.stack) >= reserving {
		m.stack = append(make([]entry, 0, maxStack), m.stack...)
	}
	m.stack = append(m.stack, entry{what, int32(at), int32(pos), int32(end)}) //nolint:gosec // texts and programs are smaller
}

// run matches from an instruction to the end, and returns the place behind the match, -1 for none. Of the whole pattern
// it may not be empty everywhere.
func (m *machine) run(pc, pos int, whole bool) int {
	base := len(m.stack)
	for m.limits.spend() {
		i := &m.code[pc]
		if i.operation == opEnd && (!whole || pos != m.not || pos != m.slots[0]) {
			return pos
		}
		next := -1
		if i.operation != opEnd {
			next, pos = m.step(i, pc, pos)
		}
		if next < 0 {
			if next, pos = m.back(base); next < 0 {
				return -1
			}
		}
		pc = next
	}
	return -1
}

// step does an instruction; the next one is negative where it does not match.
func (m *machine) step(i *instruction, pc, pos int) (next, at int) {
	switch i.operation {
	case opChar, opSet:
		if pos < len(m.text) && i.node.takes(m.text[pos]) {
			return pc + 1, pos + 1
		}
		return -1, pos
	case opPlace:
		return m.when(i.node.holds(m.text, pos), pc+1), pos
	case opSplit:
		m.push(way, i.or, pos, 0)
		return i.to, pos
	case opJump:
		return i.to, pos
	case opSave:
		m.keep(i.slot, pos)
	case opMany:
		return m.many(i.node, pc, pos)
	case opBegin:
		m.keep(i.slot, 0)
		m.keep(i.slot+1, -1)
	case opAgain:
		return m.again(i, pc, pos)
	case opRefer:
		return m.refer(i, pc, pos)
	case opLook:
		return m.look(i, pc, pos)
	case opAtomic:
		base := len(m.stack)
		if pos = m.run(pc+1, pos, false); pos < 0 {
			return -1, 0
		}
		m.commit(base)
		return i.to, pos
	case opChoice:
		if m.slots[i.slot+1] >= 0 {
			return i.to, pos
		}
		return i.or, pos
	}
	return pc + 1, pos
}

func (*machine) when(is bool, next int) int {
	if is {
		return next
	}
	return -1
}

// back goes back to the last way that was not gone, down to an entry of the stack.
func (m *machine) back(base int) (next, pos int) {
	for len(m.stack) > base {
		last := len(m.stack) - 1
		e := m.stack[last]
		at, pos := int(e.at), int(e.pos)
		switch e.what {
		case fewer:
			if e.pos > e.end {
				m.stack[last].pos--
				return at, pos - 1
			}
		case further:
			if e.pos < e.end && m.code[at-1].node.subs[0].takes(m.text[pos]) {
				m.stack[last].pos++
				return at, pos + 1
			}
		}
		m.stack = m.stack[:last]
		switch e.what {
		case value:
			m.slots[at] = pos
		case way:
			return at, pos
		case again:
			if next := m.once(&m.code[at], pos); next >= 0 {
				return next, pos
			}
		}
	}
	return -1, 0
}

// commit forgets the ways that were not gone since base, and keeps what undoes the slots.
func (m *machine) commit(base int) {
	kept := m.stack[:base]
	for _, e := range m.stack[base:] {
		if e.what == value {
			kept = append(kept, e)
		}
	}
	m.stack = kept
}

// many takes characters of one kind.
func (m *machine) many(n *node, pc, pos int) (next, at int) {
	most := len(m.text)
	if n.max >= 0 && n.max < most-pos {
		most = pos + n.max
	}
	sub, end := n.subs[0], pos
	for end < most && (!n.lazy || end < pos+n.min) && sub.takes(m.text[end]) {
		if end++; !m.limits.spend() {
			return -1, pos
		}
	}
	if end < pos+n.min {
		return -1, pos
	}
	switch {
	case n.lazy:
		m.push(further, pc+1, end, most)
	case end > pos+n.min:
		m.push(fewer, pc+1, end, pos+n.min)
	}
	return pc + 1, end
}

// again repeats, or goes on behind the repetition.
func (m *machine) again(i *instruction, pc, pos int) (next, at int) {
	n := i.node
	switch count := m.slots[i.slot]; {
	case count < n.min:
		m.keep(i.slot, count+1)
		return i.to, pos
	case n.lazy:
		m.push(again, pc, pos, 0)
	default:
		m.push(way, i.or, pos, 0)
		if next := m.once(i, pos); next >= 0 {
			return next, pos
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
	return i.or, pos
}

// once repeats once more, if it may and the last repetition was not empty.
func (m *machine) once(i *instruction, pos int) int {
	count := m.slots[i.slot]
	if i.node.max >= 0 && count >= i.node.max || pos == m.slots[i.slot+1] {
		return -1
	}
	m.keep(i.slot, count+1)
	m.keep(i.slot+1, pos)
	return i.to
}

// refer takes what a group matched.
func (m *machine) refer(i *instruction, pc, pos int) (next, at int) {
	from, to := m.slots[i.slot], m.slots[i.slot+1]
	if from < 0 || to < from || to-from > len(m.text)-pos {
		return -1, pos
	}
	for ; from < to; from++ {
		if !same(m.text[from], m.text[pos], i.node.flags) || !m.limits.spend() {
			return -1, pos
		}
		pos++
	}
	return pc + 1, pos
}

// look looks whether something matches here, or ended here, and takes nothing.
func (m *machine) look(i *instruction, pc, pos int) (next, at int) {
	from := pos
	if i.node.behind >= 0 {
		if from -= i.node.behind; from < 0 {
			return m.when(i.node.not, i.to), pos
		}
	}
	base := len(m.stack)
	found := m.run(pc+1, from, false) >= 0
	switch {
	case m.limits.err != nil:
		return -1, pos
	case !found:
		return m.when(i.node.not, i.to), pos
	case !i.node.not:
		m.commit(base)
		return i.to, pos
	}
	for len(m.stack) > base { // as if it had not been looked at
		e := m.stack[len(m.stack)-1]
		if e.what == value {
			m.slots[e.at] = int(e.pos)
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
	return -1, pos
}

// takes reports whether a node of one character is that one.
func (n *node) takes(c rune) bool {
	if n.kind == char {
		return c == n.r || n.flags.fold && same(c, n.r, n.flags)
	}
	return n.set.has(c)
}

// holds reports whether a place is as a node wants it.
func (n *node) holds(text []rune, pos int) bool {
	switch n.r {
	case 'A':
		return pos == 0
	case 'm':
		return pos == 0 || text[pos-1] == '\n'
	case 'Z':
		return pos == len(text)
	case 'z':
		return pos == len(text) || pos == len(text)-1 && text[pos] == '\n'
	case '$':
		return pos == len(text) || text[pos] == '\n'
	}
	if len(text) == 0 { // as Python has it: neither \b nor \B
		return false
	}
	before := pos > 0 && isWord(text[pos-1], n.flags.ascii)
	after := pos < len(text) && isWord(text[pos], n.flags.ascii)
	return before != after == (n.r == 'b')
}
