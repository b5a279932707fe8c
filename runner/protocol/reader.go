package protocol

import (
	"bufio"
	"errors"
	"io"
	"strconv"

	"github.com/openfroyo/froyo/runner/codec"
)

// What a stream can have wrong beyond its frames.
var (
	// ErrFrameTooLong is a line of more than MaxLine bytes.
	ErrFrameTooLong = errors.New("frame is longer than " + strconv.Itoa(MaxLine) + " bytes")
	// ErrNoMagic is a stream whose first MaxNoise bytes do not hold the magic.
	ErrNoMagic = errors.New("no greeting within the first " + strconv.Itoa(MaxNoise) + " bytes")
)

// BadFrame is a line that is no frame, or a frame that breaks the rules. The
// stream is of no use after it.
type BadFrame struct {
	Cause error
}

func (e *BadFrame) Error() string { return "bad frame: " + e.Cause.Error() }

// Unwrap returns what is wrong with the frame.
func (e *BadFrame) Unwrap() error { return e.Cause }

// Reader reads frames from a stream. It is for one goroutine.
type Reader struct {
	in   *bufio.Reader
	long []byte // a line that does not fit into the buffer of in
}

// NewReader returns a reader of the frames in r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10)}
}

// SkipTo reads past the line that equals magic and returns what stood before
// it, also with an error: io.EOF where the stream ended first, ErrNoMagic, or
// the stream's own.
func (r *Reader) SkipTo(magic string) (noise []byte, err error) {
	if err := CheckMagic(magic); err != nil {
		return nil, err
	}
	start := 0 // of the line under way, in noise
	for {
		part, err := r.in.ReadSlice('\n')
		if len(noise)+len(part) > MaxNoise+len(magic)+2 {
			return noise, ErrNoMagic
		}
		noise = append(noise, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return noise, err
		}
		if string(noise[start:]) == magic+"\n" {
			return dropNewline(noise[:start]), nil
		}
		start = len(noise)
	}
}

// dropNewline takes off the line end that Writer.Begin puts before the magic.
func dropNewline(noise []byte) []byte {
	if n := len(noise); n > 0 {
		return noise[:n-1]
	}
	return noise
}

// CheckMagic reports what is wrong with a magic: it is 16 to 64 letters,
// digits and hyphens, so that it is unlike anything else and safe in a shell.
func CheckMagic(magic string) error {
	if len(magic) < 16 || len(magic) > 64 {
		return errors.New("magic has " + strconv.Itoa(len(magic)) + " characters, expected 16 to 64")
	}
	for i := range len(magic) {
		c := magic[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && (c != '-' || i == 0) {
			return errors.New("magic has a character that is no letter, digit or hyphen")
		}
	}
	return nil
}

// Read returns the next valid frame, with its content where it is Data. Frames
// of unknown kinds are skipped. At the end of the stream it returns io.EOF, in
// the middle of a frame io.ErrUnexpectedEOF; a peer that breaks the rules
// gives ErrFrameTooLong or a *BadFrame.
func (r *Reader) Read() (Frame, error) {
	for {
		line, err := r.line()
		if err != nil {
			return Frame{}, err
		}
		var f Frame
		if err := codec.Unmarshal(line, &f); err != nil {
			return Frame{}, &BadFrame{Cause: err}
		}
		if _, n := f.body(); n == 0 {
			continue
		}
		if err := f.Validate(); err != nil {
			return Frame{}, &BadFrame{Cause: err}
		}
		if f.Data != nil {
			err = r.content(f.Data)
		}
		return f, err
	}
}

// line returns the next line without its end, valid until the next read.
func (r *Reader) line() ([]byte, error) {
	r.long = r.long[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if err == nil && len(r.long) == 0 {
			return part[:len(part)-1], nil
		}
		if len(r.long)+len(part) > MaxLine+1 {
			return nil, ErrFrameTooLong
		}
		r.long = append(r.long, part...)
		switch {
		case err == nil:
			return r.long[:len(r.long)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.long) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

func (r *Reader) content(d *Data) error {
	d.Bytes = make([]byte, d.N)
	_, err := io.ReadFull(r.in, d.Bytes)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
