package systemd

import (
	"encoding/binary"
	"errors"
)

// Bounds of a message from the bus.
const (
	maxFields  = 64 << 10
	maxMessage = 8 << 20
)

// headSize is the part of a message that tells how long the rest is.
const headSize = 16

// Kinds of messages, and the codes of their header fields.
const (
	kindCall, kindReturn, kindError = 1, 2, 3

	fieldPath, fieldInterface, fieldMember, fieldErrorName   = 1, 2, 3, 4
	fieldReplySerial, fieldDestination, _, fieldSignature, _ = 5, 6, 7, 8, 9
)

// noAutoStart says that a service that is not there shall not be started to answer.
const noAutoStart = 2

var errGarbled = errors.New("a message on the bus is not as D-Bus has it")

// call is a method call whose arguments are up to two texts, or one list of texts.
type call struct {
	dest, path, iface, member string
	texts                     []string
	list                      bool // texts are the elements of one argument
}

// signature is that of the arguments.
func (c *call) signature() string {
	if c.list {
		return "as"
	}
	return "ss"[:len(c.texts)]
}

// encode gives the call as it is sent; a peer is no bus and has no destinations.
func (c *call) encode(serial uint32, peer bool) []byte {
	var body encoder
	if c.list {
		body.u32(0)
	}
	for _, s := range c.texts {
		body.text(s)
	}
	if c.list {
		body.setU32(0, len(body)-4)
	}
	e := encoder{'l', kindCall, noAutoStart, 1}
	e.u32(uint32(len(body))) //nolint:gosec // it is ours and small
	e.u32(serial)
	e.u32(0)
	e.field(fieldPath, "o", c.path)
	e.field(fieldInterface, "s", c.iface)
	e.field(fieldMember, "s", c.member)
	if !peer {
		e.field(fieldDestination, "s", c.dest)
	}
	if sig := c.signature(); sig != "" {
		e.field(fieldSignature, "g", sig)
	}
	e.setU32(12, len(e)-headSize)
	e.align(8)
	return append(e, body...)
}

// encoder is a message, or the body of one, in the making.
type encoder []byte

func (e *encoder) align(n int) {
	for len(*e)%n != 0 {
		*e = append(*e, 0)
	}
}

func (e *encoder) u32(v uint32) {
	e.align(4)
	*e = binary.LittleEndian.AppendUint32(*e, v)
}

func (e encoder) setU32(at, v int) {
	binary.LittleEndian.PutUint32(e[at:], uint32(v)) //nolint:gosec // the length of what is ours and small
}

func (e *encoder) text(s string) {
	e.u32(uint32(len(s))) //nolint:gosec // it is ours and small
	*e = append(append(*e, s...), 0)
}

func (e *encoder) signature(s string) {
	*e = append(append(append(*e, byte(len(s))), s...), 0) //nolint:gosec // it is ours and small
}

func (e *encoder) field(code byte, sig, value string) {
	e.align(8)
	*e = append(*e, code)
	e.signature(sig)
	if sig == "g" {
		e.signature(value)
		return
	}
	e.text(value)
}

// message is what came from the bus.
type message struct {
	kind    byte
	replyTo uint32
	err     string // name of an error
	sig     string // of the body
	body    decoder
}

// size tells how long the whole message is by its head.
func size(head []byte) (int, error) {
	d := decoder{b: head[:headSize], big: head[0] == 'B'}
	if head[0] != 'l' && head[0] != 'B' || head[3] != 1 {
		return 0, errGarbled
	}
	d.at = 4
	body := d.u32()
	d.at = 12
	fields := d.u32()
	if fields > maxFields || body > maxMessage {
		return 0, errors.New("a message on the bus is too long")
	}
	return headSize + int(fields+7)&^7 + int(body), nil
}

// parse reads a whole message.
func parse(b []byte) (*message, error) {
	m := &message{kind: b[1]}
	d := decoder{b: b, at: 12, big: b[0] == 'B'}
	for end := d.array(8); !d.bad && d.at < end; {
		d.align(8)
		m.field(&d)
	}
	d.align(8)
	if d.bad || m.kind != kindError && m.err != "" {
		return nil, errGarbled
	}
	m.body = decoder{b: b[d.at:], big: d.big}
	return m, nil
}

// field reads one header field.
func (m *message) field(d *decoder) {
	code := d.byte()
	switch sig := d.signature(); {
	case code == fieldReplySerial && sig == "u":
		m.replyTo = d.u32()
	case code == fieldErrorName && sig == "s":
		m.err = d.text()
	case code == fieldSignature && sig == "g":
		m.sig = d.signature()
	default:
		d.skip(sig)
	}
}

// decoder reads values. What does not fit makes it bad for good, and from then
// on everything it reads is empty.
type decoder struct {
	b   []byte
	at  int
	big bool
	bad bool
}

// take returns the next n bytes.
func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b)-d.at {
		d.bad = true
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) align(n int) { d.take((n - d.at%n) % n) }

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u32() uint32 {
	d.align(4)
	switch b := d.take(4); {
	case b == nil:
		return 0
	case d.big:
		return binary.BigEndian.Uint32(b)
	default:
		return binary.LittleEndian.Uint32(b)
	}
}

func (d *decoder) u64() int64 {
	d.align(8)
	switch b := d.take(8); {
	case b == nil:
		return 0
	case d.big:
		return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // what is too large is negative, which no number here is
	default:
		return int64(binary.LittleEndian.Uint64(b)) //nolint:gosec // as before
	}
}

// length reads a length, which can be no longer than what is there.
func (d *decoder) length() int {
	n := d.u32()
	if d.bad || uint64(n) > uint64(len(d.b)-d.at) {
		d.bad = true
		return 0
	}
	return int(n)
}

// text reads a string or the path of an object.
func (d *decoder) text() string {
	s := string(d.take(d.length()))
	d.end()
	return s
}

func (d *decoder) signature() string {
	s := string(d.take(int(d.byte())))
	d.end()
	return s
}

// end reads the NUL byte after a text.
func (d *decoder) end() {
	if d.byte() != 0 {
		d.bad = true
	}
}

// array reads the head of an array and returns where the array ends.
func (d *decoder) array(align int) int {
	n := d.length()
	d.align(align)
	if n > len(d.b)-d.at {
		d.bad = true
	}
	return d.at + n
}

// skip passes over a value of a basic type, as those of header fields are.
func (d *decoder) skip(sig string) {
	switch sig {
	case "y":
		d.byte()
	case "n", "q":
		d.align(2)
		d.take(2)
	case "b", "i", "u", "h":
		d.u32()
	case "x", "t", "d":
		d.align(8)
		d.take(8)
	case "s", "o":
		d.text()
	case "g":
		d.signature()
	default:
		d.bad = true
	}
}
