package meter

import "encoding/binary"

// stretch is how many bytes of code one step pays for, and how many bytes or
// elements of a bulk operation.
const (
	stretchBits = 9
	stretch     = 1 << stretchBits
)

// coder meters the functions of a module.
type coder struct {
	types, functions, globals int

	charge    []byte // spends one step; leaves the stack as it is
	callSpend []byte // spends by the length on top of the stack, which stays there

	r      *reader // the function at work
	out    []byte
	copied int     // what of the function is in out already
	labels []label // blocks that are open, innermost last
	run    int     // bytes of code since the last charge, on the longest path
	paid   bool    // a charge has been made on every path to here

	dispatch dispatch // the function's latest
	jump     jump     // the latest that was foreseen
}

// label is a block that is open.
type label struct {
	opcode byte
	body   int // where its code begins
	atOpen int // the run where an if without else goes on
	exit   int // the longest run of the branches to its end
}

func newCoder(types, functions, globals int) *coder {
	fuel := binary.AppendUvarint(nil, uint64(globals))
	get, set := append([]byte{opGlobalGet}, fuel...), append([]byte{opGlobalSet}, fuel...)
	c := &coder{types: types, functions: functions, globals: globals}
	c.charge = append(c.charge, get...)
	c.charge = append(c.charge, opI64Const, 1, opI64Sub)
	c.charge = append(c.charge, set...)
	c.charge = append(c.charge, get...)
	c.charge = append(c.charge, opI64Const, 0, opI64LtS, opIf, blockEmpty, opUnreachable, opEnd)
	c.callSpend = binary.AppendUvarint([]byte{opCall}, uint64(functions))
	return c
}

// global returns the counter's declaration.
func (c *coder) global(start int64) []byte {
	return append(appendSigned([]byte{i64, 1, opI64Const}, start), opEnd)
}

// export returns the counter's export.
func (c *coder) export(global int) []byte {
	out := append([]byte{byte(len(Fuel))}, Fuel...)
	return binary.AppendUvarint(append(out, kindGlobal), uint64(global))
}

// spender returns the function that callSpend calls: it takes a length, spends
// a step for each stretch of it, and returns it.
func (c *coder) spender() []byte {
	fuel := binary.AppendUvarint(nil, uint64(c.globals))
	body := append([]byte{0, opGlobalGet}, fuel...)
	body = append(body, opLocalGet, 0, opI64ExtendU, opI64Const, stretchBits, opI64ShrU, opI64Sub, opGlobalSet)
	body = append(body, fuel...)
	body = append(body, c.charge...)
	body = append(body, opLocalGet, 0, opEnd)
	return append(binary.AppendUvarint(nil, uint64(len(body))), body...)
}

// code meters every function of the code section.
func (c *coder) code(v vector) ([]byte, error) {
	section := &reader{b: v.bytes, base: v.at}
	out := make([]byte, 0, len(v.bytes)+len(v.bytes)/8)
	for range v.count {
		c.r = section.sub(section.u32())
		c.function()
		if c.r.err != nil {
			return nil, c.r.err
		}
		out = binary.AppendUvarint(out, uint64(len(c.out)))
		out = append(out, c.out...)
	}
	return out, nil
}

// function meters c.r into c.out.
func (c *coder) function() {
	c.out, c.copied, c.labels, c.run, c.paid = c.out[:0], 0, c.labels[:0], 0, false
	c.dispatch.body, c.jump.at = 0, 0
	c.locals()
	for c.r.err == nil {
		if c.run > stretch {
			c.pay(c.r.at)
		}
		if c.instruction() {
			break
		}
	}
	if c.r.at != len(c.r.b) {
		c.r.fail("code goes on behind the end of its function")
	}
	c.copy(c.r.at)
}

func (c *coder) locals() {
	sum := 0
	c.r.each(c.r.count(maxLocals, "groups of locals"), func() {
		if sum += c.r.u32(); sum > maxLocals {
			c.r.fail("more than %d locals", maxLocals)
		}
		valueType(c.r)
	})
}

// copy passes the code before at on.
func (c *coder) copy(at int) {
	c.out = append(c.out, c.r.b[c.copied:at]...)
	c.copied = at
}

// pay puts a charge at an instruction's beginning.
func (c *coder) pay(at int) {
	c.copy(at)
	c.out = append(c.out, c.charge...)
	c.run, c.paid = 0, true
}

// instruction meters one instruction and reports whether it ended the function.
func (c *coder) instruction() (ended bool) {
	start := c.r.at
	opcode := c.r.byte()
	switch kind := plain[opcode]; {
	case c.r.err != nil:
	case kind == unknown:
		c.r.fail("opcode 0x%02x is not supported", opcode)
	case opcode == opBulk:
		c.bulk(start)
	case kind == special:
		if c.special(start, opcode) {
			return true
		}
	default:
		c.r.operands(kind)
		if opcode == opI32Const {
			c.foresee(c.r.b[start+1 : c.r.at])
		}
	}
	// The targets of a br_table make it long, not slow.
	c.run += min(c.r.at-start, 16)
	return false
}

// bulk meters an operation behind the bulk prefix.
func (c *coder) bulk(start int) {
	opcode := c.r.u32()
	if opcode >= len(bulk) || bulk[opcode] == unknown {
		c.r.fail("opcode 0xfc 0x%02x is not supported", opcode)
		return
	}
	if kind := bulk[opcode]; kind == bulkLen || kind == bulkLen1 {
		c.copy(start)
		c.out = append(c.out, c.callSpend...)
	}
	c.r.operands(bulk[opcode])
}

// special meters the instructions that the shape of the code depends on.
func (c *coder) special(start int, opcode byte) (ended bool) {
	switch opcode {
	case opBlock, opIf, opLoop:
		c.open(start, opcode)
		return false
	case opSelectTyped:
		c.r.each(c.r.count(maxValues, "types of a select"), func() { valueType(c.r) })
		return false
	case opGlobalGet, opGlobalSet:
		// The counter's own index is not the guest's to use.
		if i := c.r.u32(); i >= c.globals {
			c.r.fail("there is no global %d", i)
		}
		return false
	case opRefFunc:
		c.target()
		return false
	}
	if !c.paid {
		c.pay(start)
	}
	return c.transfer(start, opcode)
}

// target reads the index of a function.
func (c *coder) target() {
	if i := c.r.u32(); i >= c.functions {
		c.r.fail("there is no function %d", i)
	}
}

// open meters the beginning of a block.
func (c *coder) open(start int, opcode byte) {
	if opcode == opIf && !c.paid {
		c.pay(start)
	}
	c.blockType()
	if opcode == opLoop && c.r.b[c.r.at-1] == blockEmpty {
		c.dispatching()
	}
	c.labels = append(c.labels, label{opcode: opcode, body: c.r.at, atOpen: c.run})
	if opcode == opLoop {
		c.pay(c.r.at)
	}
}

// blockType passes over what a block takes and gives: nothing, one type of
// values, or the index of a function's type as a signed number.
func (c *coder) blockType() {
	b := c.r.byte()
	if b&0xc0 == 0x40 { // negative: a type by itself
		return
	}
	c.r.at--
	if i := c.r.u32(); i >= c.types {
		c.r.fail("there is no type %d", i)
	}
}

// transfer meters what moves control elsewhere. What follows an unconditional
// branch is dead until its block ends, so the run begins anew there.
func (c *coder) transfer(start int, opcode byte) (ended bool) {
	switch opcode {
	case opElse:
		c.otherwise()
	case opEnd:
		return c.end()
	case opBrIf:
		c.branch(c.r.u32())
	case opBr:
		depth := c.r.u32()
		if c.jump.at == start {
			depth = c.jump.depth
			c.redirect(start)
		}
		c.branch(depth)
		c.run = 0
	case opBrTable:
		c.r.each(c.r.count(maxElements, "targets of a branch")+1, func() { c.branch(c.r.u32()) })
		c.run = 0
	case opReturn, opUnreachable:
		c.run = 0
	case opCall:
		c.target()
	case opCallIndirect:
		if i := c.r.u32(); i >= c.types {
			c.r.fail("there is no type %d", i)
		}
		c.r.u32() // the table
	default:
		c.r.fail("opcode 0x%02x is not supported", opcode)
	}
	return false
}

// branch notes a jump to the end of the block that is depth levels out. A
// loop pays at its header, a function's end needs no pay.
func (c *coder) branch(depth int) {
	if i := len(c.labels) - 1 - depth; i >= 0 && i < len(c.labels) {
		c.labels[i].exit = max(c.labels[i].exit, c.run)
	}
}

func (c *coder) otherwise() {
	if len(c.labels) == 0 || c.labels[len(c.labels)-1].opcode != opIf {
		c.r.fail("else without if")
		return
	}
	l := &c.labels[len(c.labels)-1]
	l.opcode = opElse
	l.exit = max(l.exit, c.run)
	c.run = l.atOpen
}

func (c *coder) end() (function bool) {
	if len(c.labels) == 0 {
		return true
	}
	l := c.labels[len(c.labels)-1]
	c.labels = c.labels[:len(c.labels)-1]
	if l.opcode == opLoop {
		return false
	}
	c.run = max(c.run, l.exit)
	if l.opcode == opIf {
		c.run = max(c.run, l.atOpen)
	}
	return false
}

// appendSigned appends a number in signed LEB128.
func appendSigned(out []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
