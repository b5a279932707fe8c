package meter

// The opcodes that need care; all others are passed over by their operands.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI64LtS       = 0x53
	opI64Sub       = 0x7d
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opBulk         = 0xfc
	blockEmpty     = 0x40 // block type of a block without values
)

// operands is what follows an opcode.
type operands byte

const (
	unknown  operands = iota
	none              // nothing
	index             // one u32
	memarg            // alignment and offset
	zero              // a byte that must be 0
	signed            // a number in LEB128, at most 10 bytes
	four              // four bytes
	eight             // eight bytes
	ref               // a reference type
	special           // handled by name
	bulkLen           // two u32 of a bulk operation whose length is on the stack
	bulkLen1          // one u32, likewise
)

// plain tells the operands of each opcode of one byte: WebAssembly 1.0 with
// sign extension and reference types.
var plain = func() (t [256]operands) {
	fill := func(from, to int, o operands) {
		for i := from; i <= to; i++ {
			t[i] = o
		}
	}
	fill(0x00, 0x01, none)
	fill(opBlock, opElse, special)
	fill(opEnd, opCallIndirect, special)
	fill(0x1a, 0x1b, none) // drop, select
	t[opSelectTyped] = special
	fill(opLocalGet, 0x22, index)
	fill(opGlobalGet, opGlobalSet, special)
	fill(0x25, 0x26, index) // table.get, table.set
	fill(0x28, 0x3e, memarg)
	fill(0x3f, 0x40, zero) // memory.size, memory.grow
	fill(opI32Const, opI64Const, signed)
	t[opF32Const], t[opF64Const] = four, eight
	fill(0x45, 0xc4, none)
	t[opRefNull], t[0xd1], t[opRefFunc] = ref, none, special
	t[opUnreachable], t[opBulk] = special, special
	return t
}()

// bulk tells the operands of the opcodes behind opBulk: saturating
// conversions and operations on memories and tables. table.grow is not among
// them: it would take memory of the host that no limit bounds.
var bulk = [...]operands{
	0: none, 1: none, 2: none, 3: none, 4: none, 5: none, 6: none, 7: none,
	8:  bulkLen,  // memory.init
	9:  index,    // data.drop
	10: bulkLen,  // memory.copy
	11: bulkLen1, // memory.fill
	12: bulkLen,  // table.init
	13: index,    // elem.drop
	14: bulkLen,  // table.copy
	15: unknown,  // table.grow
	16: index,    // table.size
	17: bulkLen1, // table.fill
}

// operands passes over the operands of an opcode.
func (r *reader) operands(o operands) {
	switch o {
	case none, special:
	case index, bulkLen1:
		r.u32()
	case bulkLen:
		r.u32()
		r.u32()
	case memarg:
		if align := r.u32(); align >= 0x40 {
			r.fail("more than one memory is not supported")
		}
		r.u32()
	case zero:
		if r.byte() != 0 {
			r.fail("more than one memory is not supported")
		}
	case signed:
		r.skip(10)
	case four:
		r.bytes(4)
	case eight:
		r.bytes(8)
	case ref:
		refType(r)
	default:
		r.fail("operands of kind %d are not known", o)
	}
}
