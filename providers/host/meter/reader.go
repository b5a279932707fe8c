package meter

import "fmt"

// reader walks through a binary. The first thing that does not fit stays in
// err; from then on every read gives zero and moves nothing.
type reader struct {
	b    []byte
	at   int
	base int // offset of b in the whole binary
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &Error{r.base + r.at, fmt.Sprintf(format, args...)}
		r.b = r.b[:r.at]
	}
}

func (r *reader) truncated() { r.fail("the module ends too early") }

func (r *reader) byte() byte {
	if r.at >= len(r.b) {
		r.truncated()
		return 0
	}
	b := r.b[r.at]
	r.at++
	return b
}

// bytes returns the next n bytes.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		r.truncated()
		return nil
	}
	b := r.b[r.at : r.at+n]
	r.at += n
	return b
}

// sub returns a reader over the next n bytes.
func (r *reader) sub(n int) *reader {
	s := &reader{base: r.base + r.at}
	s.b = r.bytes(n)
	s.err = r.err
	return s
}

// u32 reads an unsigned number of at most 32 bits, in LEB128.
func (r *reader) u32() int {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > 1<<32-1 {
				break
			}
			return int(v)
		}
	}
	r.fail("a number is larger than 32 bits")
	return 0
}

// skip passes over a number in LEB128 of at most n bytes.
func (r *reader) skip(n int) {
	for range n {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail("a number is too long")
}

func (r *reader) name() string { return string(r.bytes(r.u32())) }

// count reads how many entries follow: at most limit, and no more than there
// are bytes left.
func (r *reader) count(limit int, what string) int {
	n := r.u32()
	if n > limit {
		r.fail("%d %s, more than %d", n, what, limit)
		return 0
	}
	if n > len(r.b)-r.at {
		r.truncated()
		return 0
	}
	return n
}

// each calls read n times, or until something does not fit.
func (r *reader) each(n int, read func()) {
	for range n {
		if r.err != nil {
			return
		}
		read()
	}
}
