package audit

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keyid"
)

// An anchor is a head as a line of text, to be kept where who writes the log cannot change it.
const anchorWord = "froyo-audit-1"

// String is the anchor of a head.
func (h Head) String() string {
	return strings.Join([]string{
		anchorWord, strconv.FormatInt(h.Seq, 10), h.Hash, h.Time.UTC().Format(time.RFC3339Nano), h.Key, base64.StdEncoding.EncodeToString(h.Signature),
	}, " ")
}

// Anchors reads the anchors of a file. Lines that are empty or begin with # are skipped.
func Anchors(name string, data []byte) ([]Head, error) {
	var all []Head
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		h, ok := parseAnchor(line)
		if !ok {
			if strings.HasPrefix(line, anchorWord+" ") {
				return nil, diag.Errorf(diag.Pos{File: name, Line: number}, "this is no anchor as froyo audit anchor wrote it: it was changed, or cut off").
					WithHint("take the anchor from where it was kept first")
			}
			return nil, diag.Errorf(diag.Pos{File: name, Line: number}, "this is no anchor: expected a line that begins with %s and that froyo audit anchor wrote", anchorWord).
				WithHint("name the file of froyo audit anchor --to FILE")
		}
		all = append(all, h)
	}
	if len(all) == 0 {
		return nil, diag.Errorf(diag.Pos{File: name}, "there is no anchor in it").WithHint("froyo audit anchor --to FILE adds one to a file")
	}
	return all, nil
}

// parseAnchor reads a line that has one spelling only.
func parseAnchor(line string) (h Head, ok bool) {
	f := strings.Split(line, " ")
	if len(f) != 6 || f[0] != anchorWord {
		return Head{}, false
	}
	var err1, err2, err3 error
	h = Head{Hash: f[2], Key: f[4]}
	h.Seq, err1 = strconv.ParseInt(f[1], 10, 64)
	h.Time, err2 = time.Parse(time.RFC3339Nano, f[3])
	h.Signature, err3 = base64.StdEncoding.Strict().DecodeString(f[5])
	return h, err1 == nil && err2 == nil && err3 == nil && h.valid() && h.String() == line
}

// valid reports whether a head is one that Sign could have made.
func (h *Head) valid() bool {
	return h.Seq >= 0 && isHex(h.Hash, len(Begin)) && isHex(h.Key, keyid.Size) && h.Time.Equal(h.Time.Truncate(time.Microsecond))
}

func isHex(text string, size int) bool {
	return len(text) == size && strings.Trim(text, "0123456789abcdef") == ""
}

// Line is a row as it is exported: a line of JSON.
type Line struct {
	Seq     int64     `json:"seq"`
	Time    time.Time `json:"time"`
	User    string    `json:"user"`
	Origin  string    `json:"origin"`
	Action  string    `json:"action"`
	Run     string    `json:"run,omitempty"`
	Hosts   string    `json:"hosts,omitempty"`
	Plan    string    `json:"plan,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Hash    string    `json:"hash"`
	// Signed is the row's signed head, as an anchor.
	Signed string `json:"signed,omitempty"`
}

// text is the one spelling of a line, with its end.
func (l *Line) text() ([]byte, error) {
	text, err := json.Marshal(l)
	return append(text, '\n'), err
}

// line is a row as it is exported, with its signed head.
func (r *Row) line(signed string) Line {
	return Line{r.Seq, r.Time, r.User, r.Origin, r.Action, r.Run, r.Hosts, r.Plan, r.Outcome, r.Detail, r.Hash, signed}
}

// Lines are the rows of a log as they are exported.
func (l *Log) Lines() []Line {
	signed := map[int64]string{}
	for _, h := range l.Heads {
		signed[h.Seq] = h.String()
	}
	lines := make([]Line, len(l.Rows))
	for i, r := range l.Rows {
		lines[i] = r.line(signed[r.Seq])
		delete(signed, r.Seq)
	}
	return lines
}

// Export writes a log, which Read takes back.
func (l *Log) Export(w io.Writer) error {
	for _, line := range l.Lines() {
		text, err := line.text()
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// maxLine bounds a line of an export: a row names all hosts of its run.
const maxLine = 16 << 20

// Read reads what was exported. A row has one spelling: a byte that Export does not write is an error.
func Read(name string, r io.Reader) (*Log, error) {
	l := &Log{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	scanner.Split(wholeLines)
	number := 0
	refused := func(why string) error {
		return diag.Errorf(diag.Pos{File: name, Line: number}, "this is no row of an audit log: %s", why).WithHint("froyo audit export --to FILE writes such a file")
	}
	for scanner.Scan() {
		number++
		row, head, why := parseRow(scanner.Bytes())
		if why != "" {
			return nil, refused(why)
		}
		l.Rows = append(l.Rows, row)
		if head != nil {
			l.Heads = append(l.Heads, *head)
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		number++
		return nil, refused("its line is too long")
	} else if err != nil {
		return nil, diag.ReadFailed(name, err)
	}
	if number == 0 {
		return nil, diag.Errorf(diag.Pos{File: name}, "there is no row in it").WithHint("froyo audit export --to FILE writes such a file")
	}
	return l, nil
}

// wholeLines splits a text into lines with their ends.
func wholeLines(data []byte, atEnd bool) (advance int, token []byte, err error) {
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		return end + 1, data[:end+1], nil
	}
	if atEnd && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// parseRow reads a line, which is what its row is written as again, to the byte; or says why it is none.
func parseRow(text []byte) (row Row, head *Head, why string) {
	if !bytes.HasSuffix(text, []byte("\n")) {
		return Row{}, nil, "the line has no end, so it was cut off"
	}
	var line Line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return Row{}, nil, err.Error()
	}
	e := Entry{line.Time.UTC().Truncate(time.Microsecond), line.User, line.Origin, line.Action, line.Run, line.Hosts, line.Plan, line.Outcome, line.Detail}
	row = Row{line.Seq, e, line.Hash}
	again := row.line(line.Signed)
	if canonical, err := again.text(); err != nil || !bytes.Equal(canonical, text) {
		return Row{}, nil, "it has another spelling than the export: a key, a blank, a digit or something after it was added or changed"
	}
	if line.Signed == "" {
		return row, nil, ""
	}
	h, ok := parseAnchor(line.Signed)
	if !ok || h.Seq != line.Seq {
		return Row{}, nil, fmt.Sprintf("its signature is none of row %d", line.Seq)
	}
	return row, &h, ""
}
