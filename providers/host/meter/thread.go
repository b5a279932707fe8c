package meter

import "encoding/binary"

// dispatch is the loop that Go's compiler makes of nearly every function. It
// begins with blocks inside each other and a branch table that goes to the end of
// one of them, whose number is in a local; from there on stand the stretches of
// the function's code. To go on with another stretch, code sets the local and
// branches back to the loop, which costs a charge and a jump through the table.
type dispatch struct {
	loop    int   // its index in the labels
	body    int   // where the first of the blocks begins, 0 where there is no dispatch
	blocks  int   // how many there are
	local   int   // what the table looks at
	targets []int // by the local's value: how many of the blocks stay between the table and the end that it goes to
}

// jump is a branch to the dispatch whose outcome is known.
type jump struct {
	at    int // where the branch stands
	depth int // the blocks that it leaves if it goes there by itself
}

// dispatching notes the dispatch whose body begins at the reader, if it is one.
func (c *coder) dispatching() {
	ahead := *c.r
	d := dispatch{loop: len(c.labels), body: ahead.at, targets: c.dispatch.targets[:0]}
	opcode := ahead.byte()
	for ; opcode == opBlock && ahead.byte() == blockEmpty; opcode = ahead.byte() {
		d.blocks++
	}
	if opcode != opLocalGet {
		return
	}
	if d.local = ahead.u32(); ahead.byte() != opBrTable {
		return
	}
	ahead.each(ahead.count(maxElements, "targets of a branch")+1, func() { d.targets = append(d.targets, ahead.u32()) })
	if ahead.err == nil {
		c.dispatch = d
	}
}

// foresee looks whether a constant, which was just read, is what the dispatch
// gets, and leads to the end of a block that is still open. The branch will then
// go there by itself: forward, so that nothing repeats without a charge.
func (c *coder) foresee(constant []byte) {
	d := &c.dispatch
	if d.body == 0 || d.loop >= len(c.labels) || c.labels[d.loop].body != d.body {
		return
	}
	ahead := *c.r
	if ahead.byte() != opLocalSet || ahead.u32() != d.local {
		return
	}
	at := ahead.at
	if ahead.byte() != opBr || ahead.u32() != len(c.labels)-1-d.loop || ahead.err != nil {
		return
	}
	value, ok := unsigned(constant)
	if !ok {
		return
	}
	n := d.blocks - d.targets[min(value, len(d.targets)-1)] // of the blocks, counted from 1
	to := d.loop + n
	if n < 1 || to >= len(c.labels) || c.labels[to].body != d.body+2*n {
		return // the target is further out, or its block has ended
	}
	c.jump = jump{at: at, depth: len(c.labels) - 1 - to}
}

// unsigned returns the value of a number in signed LEB128 if it is small and not negative.
func unsigned(leb []byte) (value int, ok bool) {
	if len(leb) > 4 || len(leb) == 0 || leb[len(leb)-1]&0x40 != 0 {
		return 0, false
	}
	for i, b := range leb {
		value |= int(b&0x7f) << (7 * i)
	}
	return value, true
}

// redirect writes the branch at start, which was just read, as it was foreseen.
func (c *coder) redirect(start int) {
	c.copy(start)
	c.out = binary.AppendUvarint(append(c.out, opBr), uint64(c.jump.depth))
	c.copied = c.r.at
}
