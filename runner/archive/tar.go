package archive

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	blockSize = 512
	// maxHeader bounds what stands before a member about its name and the like.
	maxHeader = 1 << 20
)

// tar reads the formats of tar: that before POSIX, ustar, PAX and GNU.
type tar struct {
	from io.Reader
	left int64 // of the member's content and of what fills its last block
	more extended
}

// extended is what headers say of the member behind them.
type extended struct {
	name, link string
	size       int64 // -1 where they do not say it
}

// NewTar reads a tar, which is not compressed.
func NewTar(from io.Reader) Reader { return &tar{from: from, more: extended{size: -1}} }

// Next implements Reader.
func (t *tar) Next() (*Member, io.Reader, error) {
	for {
		if err := t.skip(); err != nil {
			return nil, nil, err
		}
		var b [blockSize]byte
		if _, err := io.ReadFull(t.from, b[:]); err != nil {
			return nil, nil, ended(err)
		}
		if b == ([blockSize]byte{}) { // there is another one of them, and what fills the tape
			_, err := io.Copy(io.Discard, t.from)
			if err == nil {
				err = io.EOF
			}
			return nil, nil, err
		}
		m, err := t.header(b[:])
		if err != nil {
			return nil, nil, err
		}
		if m == nil {
			continue
		}
		return m, io.LimitReader(t, m.Size), nil
	}
}

// Read reads the content of the member, and what fills its last block.
func (t *tar) Read(p []byte) (int, error) {
	if int64(len(p)) > t.left {
		p = p[:t.left]
	}
	n, err := t.from.Read(p)
	t.left -= int64(n)
	if err != nil && t.left > 0 {
		return n, ended(err)
	}
	return n, nil
}

func (t *tar) skip() error {
	n, err := io.CopyN(io.Discard, t.from, t.left)
	t.left -= n
	if err != nil {
		return ended(err)
	}
	return nil
}

// ended is what the end of an archive in the middle is.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("it ends in the middle")
	}
	return err
}

// header reads one header. It returns nil for one that is about the next member.
func (t *tar) header(b []byte) (*Member, error) {
	if !checksum(b) {
		return nil, invalid("it is damaged: the checksum of a header is wrong")
	}
	size, err := number(b[124:136])
	if err != nil {
		return nil, err
	}
	switch flag := b[156]; flag {
	case 'x', 'L', 'K':
		return nil, t.extend(flag, size)
	case 'g': // of the whole archive, such as the commit it was made of
		return nil, t.take(size)
	}
	return t.member(b, size)
}

// take leaves size bytes to be skipped, with what fills their last block.
func (t *tar) take(size int64) error {
	if size < 0 || size > math.MaxInt64-blockSize {
		return invalid("it is damaged: a size is negative, or has too many digits")
	}
	t.left = (size + blockSize - 1) / blockSize * blockSize
	return nil
}

// extend keeps what a header says of the member behind it.
func (t *tar) extend(flag byte, size int64) error {
	if size < 0 || size > maxHeader {
		return invalid("a header of it is longer than " + strconv.Itoa(maxHeader) + " bytes")
	}
	if err := t.take(size); err != nil {
		return err
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(t, text); err != nil {
		return err
	}
	switch flag {
	case 'L':
		t.more.name = untilZero(text)
	case 'K':
		t.more.link = untilZero(text)
	default:
		return t.pax(string(text))
	}
	return nil
}

// pax reads records such as "20 path=usr/bin/env\n".
func (t *tar) pax(text string) error {
	for text != "" {
		digits, _, found := strings.Cut(text, " ")
		n, err := strconv.Atoi(digits)
		if !found || err != nil || n <= len(digits)+1 || n > len(text) || text[n-1] != '\n' {
			return invalid("it is damaged: an extended header cannot be read")
		}
		key, value, found := strings.Cut(text[len(digits)+1:n-1], "=")
		text = text[n:]
		switch {
		case !found:
			return invalid("it is damaged: an extended header cannot be read")
		case key == "path":
			t.more.name = value
		case key == "linkpath":
			t.more.link = value
		case key == "size":
			if t.more.size, err = strconv.ParseInt(value, 10, 64); err != nil || t.more.size < 0 {
				return invalid("it is damaged: a size cannot be read")
			}
		case strings.HasPrefix(key, "GNU.sparse."):
			return invalid("it holds a sparse file; make it without --sparse")
		}
	}
	return nil
}

// member is what a header and those before it say.
func (t *tar) member(b []byte, size int64) (*Member, error) {
	mode, err := number(b[100:108])
	if err != nil {
		return nil, err
	}
	raw := untilZero(b[:100])
	if string(b[257:263]) == "ustar\x00" {
		if prefix := untilZero(b[345:500]); prefix != "" {
			raw = prefix + "/" + raw
		}
	}
	link := untilZero(b[157:257])
	if t.more.name != "" {
		raw = t.more.name
	}
	if t.more.link != "" {
		link = t.more.link
	}
	if t.more.size >= 0 {
		size = t.more.size
	}
	t.more = extended{size: -1}
	m := &Member{Mode: uint32(mode) & 0o7777, Link: link} //nolint:gosec // the other bits say what it is
	if m.Name, err = clean(raw); err != nil {
		return nil, err
	}
	if err := t.kind(m, b[156], raw); err != nil {
		return nil, err
	}
	if m.Kind == File {
		m.Size = size
	} else if size != 0 && m.Kind != Dir { // of a directory it says how much room it may take
		m.Size, size = 0, 0
	}
	if m.Kind == Dir {
		size = 0
	}
	return m, t.take(size)
}

// kind tells what a member is.
func (t *tar) kind(m *Member, flag byte, raw string) error {
	what := ""
	switch flag {
	case '0', 0, '7':
		m.Kind, m.Link = File, ""
		if strings.HasSuffix(raw, "/") { // as before POSIX
			m.Kind = Dir
		}
	case '1':
		m.Kind = HardLink
		target, err := clean(m.Link)
		if err != nil || target == "" {
			return &Invalid{raw, "is a hard link that leads out of the directory, to " + quote(m.Link)}
		}
		m.Link = target
	case '2':
		m.Kind = Link
	case '5':
		m.Kind, m.Link = Dir, ""
	case '3', '4':
		what = "is a device"
	case '6':
		what = "is a named pipe"
	case 'S':
		what = "is a sparse file; make the archive without --sparse"
	default:
		what = "is of the kind " + strconv.QuoteRune(rune(flag)) + ", which is not known"
	}
	if what != "" {
		return &Invalid{raw, what}
	}
	return nil
}

func untilZero(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}

// number reads octal digits, or bytes where the first bit is set.
func number(b []byte) (int64, error) {
	if b[0]&0x80 != 0 {
		var n uint64
		for i, c := range b {
			if i == 0 {
				c &= 0x7f
			}
			if n >= 1<<(63-8) || i == 0 && c&0x40 != 0 {
				return 0, invalid("it is damaged: a size is negative, or has too many digits")
			}
			n = n<<8 | uint64(c)
		}
		return int64(n), nil //nolint:gosec // at most 63 bits
	}
	text := strings.Trim(untilZero(b), " ")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 8, 64)
	if err != nil || n < 0 {
		return 0, invalid("it is damaged: a number of a header cannot be read")
	}
	return n, nil
}

// checksum reports whether a header is one: the sum of its bytes stands in it, with that sum as spaces.
func checksum(b []byte) bool {
	want, err := number(b[148:156])
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range b {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c)) //nolint:gosec // as tars of old machines have it
	}
	return want == unsigned || want == signed
}
