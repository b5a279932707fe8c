package prompt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	mostEntries = 10_000
	mostEntry   = 64 << 10 // bytes of an entry that is kept
)

// history is what was entered, oldest first. Its file has an entry on each line as a JSON string. Where the file
// cannot be read or written the history is that of this session.
type history struct {
	file    string
	entries []string
}

func openHistory(file string) *history {
	h := &history{file: file}
	if file == "" {
		return h
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return h
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return h
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 8*mostEntry)
	for lines.Scan() {
		var text string
		if json.Unmarshal(lines.Bytes(), &text) == nil && text != "" {
			h.entries = append(h.entries, printable(text))
		}
	}
	if over := len(h.entries) - mostEntries; over > 0 {
		h.entries = h.entries[over:]
		if over > mostEntries/10 {
			h.shrink()
		}
	}
	return h
}

// add keeps an entry, but for one that begins with a space or repeats the one before.
func (h *history) add(text string) {
	text = printable(strings.TrimRight(text, " \t\n"))
	if text == "" || text[0] == ' ' || len(text) > mostEntry || len(h.entries) > 0 && h.entries[len(h.entries)-1] == text {
		return
	}
	h.entries = append(h.entries, text)
	if h.file == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.Write(encoded(text)) // one write: sessions side by side keep their lines apart
}

// shrink writes the file anew with what is kept.
func (h *history) shrink() {
	f, err := os.CreateTemp(filepath.Dir(h.file), ".history-*")
	if err != nil {
		return
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has become the history, or a file that is left is the least of what is wrong
	var data []byte
	for _, text := range h.entries {
		data = append(data, encoded(text)...)
	}
	_, err = f.Write(data)
	if errors.Join(err, f.Close()) == nil {
		_ = os.Rename(f.Name(), h.file) // else it stays as it was
	}
}

func encoded(text string) []byte {
	data, err := json.Marshal(text)
	if err != nil {
		return nil // strings always can be
	}
	return append(data, '\n')
}

// words are the words of the entries, latest first, each once.
func (h *history) words() []string {
	const most = 1000
	var words []string
	known := map[string]bool{}
	for _, text := range slices.Backward(h.entries) {
		for word := range strings.FieldsSeq(text) {
			if !known[word] {
				known[word] = true
				words = append(words, word)
			}
		}
		if len(words) >= most {
			break
		}
	}
	return words
}

// The rest is what the editor wants of a history.

// Write keeps an accepted entry.
func (h *history) Write(text string) (int, error) {
	h.add(text)
	return len(h.entries), nil
}

// GetLine returns an entry.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", errors.New("no such entry")
	}
	return h.entries[i], nil
}

// Len counts the entries.
func (h *history) Len() int { return len(h.entries) }

// Dump is not called.
func (h *history) Dump() any { return h.entries }
