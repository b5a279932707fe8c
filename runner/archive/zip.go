package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Sizes and beginnings of the parts of a zip.
const (
	zipEnd       = 22
	zipCentral   = 46
	zipLocal     = 30
	maxComment   = 1<<16 - 1
	maxDirectory = 64 << 20
)

// Inflate gives what one gzip stream after another holds.
type Inflate func(from io.Reader) (io.Reader, error)

// zipped is a member of a zip as its directory lists it.
type zipped struct {
	Member
	method, flags uint16
	sum           uint32
	packed, at    int64 // of its data
}

// zipReader gives out the members of a zip in the order of its directory. Those that are deflated are read as one gzip
// stream after another, so that gzip checks their sums.
type zipReader struct {
	file    io.ReaderAt
	members []zipped
	next    int
	plain   io.Reader // the contents of all deflated members
	left    int64     // of the member's content, where it comes from plain
	stored  *summed   // the content of the member, where it is stored
}

// NewZip reads a zip of some size.
func NewZip(file io.ReaderAt, size int64, inflate Inflate) (Reader, error) {
	members, err := directory(file, size)
	if err != nil {
		return nil, err
	}
	z := &zipReader{file: file, members: members}
	var streams []io.Reader
	for i := range members {
		m := &members[i]
		if err := z.locate(m, size); err != nil {
			return nil, err
		}
		if m.method != 0 {
			streams = append(streams, gzipped(file, m))
		}
	}
	if err := apart(members); err != nil {
		return nil, err
	}
	if len(streams) > 0 {
		if z.plain, err = inflate(io.MultiReader(streams...)); err != nil {
			return nil, err
		}
	}
	return z, nil
}

// Next implements Reader.
func (z *zipReader) Next() (*Member, io.Reader, error) {
	if z.left > 0 {
		if n, err := io.CopyN(io.Discard, z.plain, z.left); err != nil || n < z.left {
			return nil, nil, ended(cmp.Or(err, io.EOF))
		}
		z.left = 0
	}
	if z.stored != nil {
		if err := z.stored.end(); err != nil {
			return nil, nil, err
		}
		z.stored = nil
	}
	if z.next == len(z.members) {
		return nil, nil, z.end()
	}
	m := &z.members[z.next]
	z.next++
	var content io.Reader
	if m.method == 0 {
		z.stored = &summed{from: io.NewSectionReader(z.file, m.at, m.packed), name: m.Name, want: m.sum}
		content = z.stored
	} else {
		z.left = m.Size
		content = io.LimitReader(z, m.Size)
	}
	given := m.Member
	if given.Kind != Link {
		return &given, content, nil
	}
	target, err := io.ReadAll(io.LimitReader(content, maxPath+1))
	if err == nil && (m.Size > maxPath || int64(len(target)) != m.Size) {
		err = &Invalid{m.Name, "is a link with a target of another length than it says, or one that is too long"}
	}
	given.Link, given.Size = string(target), 0
	return &given, content, err
}

// end makes sure that there is no more than the directory says, and that gzip found all sums to be right.
func (z *zipReader) end() error {
	if z.plain == nil {
		return io.EOF
	}
	n, err := io.CopyN(io.Discard, z.plain, 1)
	switch {
	case n > 0:
		return invalid("it holds more than its directory says")
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

// Read reads the content of a deflated member.
func (z *zipReader) Read(p []byte) (int, error) {
	if int64(len(p)) > z.left {
		p = p[:z.left]
	}
	n, err := z.plain.Read(p)
	z.left -= int64(n)
	if err != nil && z.left > 0 {
		return n, ended(err)
	}
	return n, nil
}

// summed reads what has a sum.
type summed struct {
	from *io.SectionReader
	name string
	sum  uint32
	want uint32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	return n, err
}

// end reads the rest and compares the sum.
func (s *summed) end() error {
	if _, err := io.Copy(io.Discard, onlyRead{s}); err != nil {
		return err
	}
	if s.sum != s.want {
		return &Invalid{s.name, "is damaged: its checksum is wrong"}
	}
	return nil
}

// onlyRead hides what else a reader can do.
type onlyRead struct{ io.Reader }

// gzipped is the data of a member as a gzip stream.
func gzipped(file io.ReaderAt, m *zipped) io.Reader {
	end := binary.LittleEndian.AppendUint32(nil, m.sum)
	end = binary.LittleEndian.AppendUint32(end, uint32(m.Size)) //nolint:gosec // a zip says it in 32 bits
	return io.MultiReader(strings.NewReader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), io.NewSectionReader(file, m.at, m.packed), bytes.NewReader(end))
}

// directory reads the directory at the end of a zip.
func directory(file io.ReaderAt, size int64) ([]zipped, error) {
	tail := make([]byte, min(size, zipEnd+maxComment))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < zipEnd {
		return nil, invalid("it is damaged: it has no directory at its end")
	}
	end := tail[at:]
	count, length, offset := int(binary.LittleEndian.Uint16(end[10:])), int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	switch {
	case count == 0xffff || length == 0xffffffff || offset == 0xffffffff:
		return nil, invalid("it is a ZIP64, with more than 65,534 members or 4 GiB, which is not read; a tar has no such limits")
	case offset+length > size || length > maxDirectory:
		return nil, invalid("it is damaged: its directory is not where it should be")
	}
	b := make([]byte, length)
	if _, err := file.ReadAt(b, offset); err != nil {
		return nil, ended(err)
	}
	members := make([]zipped, 0, count)
	for range count {
		m, rest, err := central(b)
		if err != nil {
			return nil, err
		}
		members, b = append(members, m), rest
	}
	return members, nil
}

// central reads one entry of the directory.
func central(b []byte) (m zipped, rest []byte, err error) {
	if len(b) < zipCentral || string(b[:4]) != "PK\x01\x02" {
		return m, nil, invalid("it is damaged: its directory cannot be read")
	}
	name, extra, comment := int(binary.LittleEndian.Uint16(b[28:])), int(binary.LittleEndian.Uint16(b[30:])), int(binary.LittleEndian.Uint16(b[32:]))
	if len(b) < zipCentral+name+extra+comment {
		return m, nil, invalid("it is damaged: its directory cannot be read")
	}
	raw := string(b[zipCentral : zipCentral+name])
	m.flags, m.method, m.sum = binary.LittleEndian.Uint16(b[8:]), binary.LittleEndian.Uint16(b[10:]), binary.LittleEndian.Uint32(b[16:])
	m.packed, m.Size, m.at = int64(binary.LittleEndian.Uint32(b[20:])), int64(binary.LittleEndian.Uint32(b[24:])), int64(binary.LittleEndian.Uint32(b[42:]))
	switch {
	case m.flags&1 != 0:
		return m, nil, &Invalid{raw, "is encrypted"}
	case m.method != 0 && m.method != 8:
		return m, nil, &Invalid{raw, "is compressed by method " + strconv.Itoa(int(m.method)) + ", expected deflate"}
	case m.method == 0 && m.packed != m.Size, m.packed == 0xffffffff || m.Size == 0xffffffff || m.at == 0xffffffff:
		return m, nil, &Invalid{raw, "is damaged, or larger than a zip without ZIP64 can hold"}
	}
	if err := m.name(raw, b[5], binary.LittleEndian.Uint32(b[38:])>>16); err != nil {
		return m, nil, err
	}
	return m, b[zipCentral+name+extra+comment:], nil
}

// name tells what a member is by its name and, of the system that made it, by its mode.
func (m *zipped) name(raw string, system byte, mode uint32) (err error) {
	if m.Name, err = clean(raw); err != nil {
		return err
	}
	const unix, typeBits = 3, 0o170000
	m.Kind, m.Mode = File, 0o644
	dir := strings.HasSuffix(raw, "/")
	if dir {
		m.Kind, m.Mode = Dir, 0o755
	}
	if system != unix || mode == 0 {
		return nil
	}
	m.Mode = mode & 0o7777
	switch kind := mode & typeBits; {
	case kind == 0o120000 && !dir:
		m.Kind = Link
	case kind == 0o040000 && dir, kind == 0o100000 && !dir, kind == 0:
	default:
		return &Invalid{raw, "is a device, a named pipe or the like"}
	}
	return nil
}

// locate finds the data of a member behind its own header.
func (z *zipReader) locate(m *zipped, size int64) error {
	var b [zipLocal]byte
	if _, err := z.file.ReadAt(b[:], m.at); err != nil || string(b[:4]) != "PK\x03\x04" {
		return &Invalid{m.Name, "is damaged: it is not where the directory says"}
	}
	m.at += zipLocal + int64(binary.LittleEndian.Uint16(b[26:])) + int64(binary.LittleEndian.Uint16(b[28:]))
	if m.at+m.packed > size {
		return &Invalid{m.Name, "is damaged: it goes beyond the end"}
	}
	return nil
}

// apart refuses members whose data is the same bytes: so a small file can hold what fills any disk.
func apart(members []zipped) error {
	order := make([]*zipped, len(members))
	for i := range members {
		order[i] = &members[i]
	}
	slices.SortFunc(order, func(a, b *zipped) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(order); i++ {
		if before := order[i-1]; before.at+before.packed > order[i].at {
			return &Invalid{order[i].Name, "is the same bytes as another member"}
		}
	}
	return nil
}
