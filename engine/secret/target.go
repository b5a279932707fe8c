package secret

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Target is a host that ops are sent to; *dial.Session is one.
type Target interface {
	Do(ctx context.Context, steps []target.Step) ([]op.Result, error)
	Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error)
}

// Wrap gives a target to which ops with markers can be sent: values stand in
// their place on the way to the host, and what comes back holds markers again.
// All that a program says that was given a secret is one.
func Wrap(next Target) Target { return &resolver{next} }

// resolver is a target behind which secrets stand in their places.
type resolver struct{ next Target }

// Do implements Target.
func (t *resolver) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	sent, err := openAll(steps)
	if err != nil {
		return nil, err
	}
	results, err := t.next.Do(ctx, plainSteps(sent))
	if err != nil {
		return results, err
	}
	for i := range results {
		if results[i], err = sent[i].close(results[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Run implements Target.
func (t *resolver) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	sent, err := openAll(steps)
	if err != nil {
		return nil, err
	}
	outcomes, err := t.next.Run(ctx, plainSteps(sent))
	for i := range outcomes {
		var bad error
		if outcomes[i].Result, bad = sent[i].close(outcomes[i].Result); bad != nil {
			return outcomes, bad
		}
	}
	return outcomes, err
}

// checkFailed is the code of an error that quotes what a program said.
const checkFailed = "check"

// sent is a step as it goes to the host.
type sent struct {
	target.Step
	// secret says that what comes back may hold what must not be seen.
	secret bool
	// unless is the digest of a content with markers whose true one the step asks about.
	unless string
}

func plainSteps(all []sent) []target.Step {
	steps := make([]target.Step, len(all))
	for i := range all {
		steps[i] = all[i].Step
	}
	return steps
}

func openAll(steps []target.Step) ([]sent, error) {
	all := make([]sent, len(steps))
	for i, s := range steps {
		var err error
		if all[i], err = open(s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open puts values in the place of markers.
func open(s target.Step) (sent, error) {
	out := sent{Step: s, secret: s.Sensitive}
	if !Any() && !s.Sensitive {
		return out, nil
	}
	text, err := codec.Marshal(s.Op)
	if err != nil {
		return out, err
	}
	opened, given := s.Op, false // whether it is known what of it is secret
	if Marked(text) {
		out.secret, given = true, true
		opened = op.Op{}
		if err := codec.Unmarshal([]byte(resolveJSON(string(text))), &opened); err != nil {
			return out, err
		}
		if what := NotText(string(text)); what != "" {
			return out, errors.New(what + OnlyContent)
		}
		for i, b := range opened.Blobs() {
			b.Open = s.Op.Blobs()[i].Open
		}
	}
	for _, b := range opened.Blobs() {
		if real := blob(b.Sum); real != nil {
			out.secret, given = true, true
			opened = opened.WithBlob(real)
		}
	}
	if r := opened.Read; r != nil {
		if real := blob(r.Unless); real != nil {
			copied := *r
			out.unless, copied.Unless = r.Unless, real.Sum
			out.secret, opened.Read = true, &copied
		}
	}
	if out.secret && (!given || slices.ContainsFunc(s.Op.Environment(), Marked[string])) {
		opened = opened.HideEnvironment()
	}
	out.Op = opened
	out.Sensitive = out.secret
	if s.Expect != "" {
		out.Expect = saidBy(s.Expect)
	}
	return out, nil
}

// OnlyContent is what is wrong with a secret of NotText.
const OnlyContent = " is not valid UTF-8, and only the content of a file may be such"

// NotText says which secret in a text is no UTF-8, which JSON cannot hold, or is "".
func NotText(text string) string {
	bad := ""
	replace(text, func(v string) string {
		if !utf8.ValidString(v) {
			bad = cmp.Or(calledOf(v), "a sensitive value")
		}
		return ""
	})
	return bad
}

// saidBy gives the digest of what the host said, by that of the result that was made of it.
func saidBy(digest string) string {
	registry.RLock()
	defer registry.RUnlock()
	if said, ok := registry.results[digest]; ok {
		return said
	}
	return digest
}

// close puts markers in the place of values in what a host said.
func (s *sent) close(r op.Result) (op.Result, error) {
	whole := s.secret && (s.Op.Exec == nil || !s.Op.Exec.Public)
	if !s.secret && !Any() {
		return r, nil
	}
	said := r
	changed := false
	change := func(text string, whole bool) string {
		now := Hide(text)
		if whole {
			now = Add(text)
		}
		changed = changed || now != text
		return now
	}
	raw := func(encoded string) string { // bytes that are no text, as base64
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil { // whoever reads it is told; nothing of it is passed on as it is
			return change(encoded, whole)
		}
		return base64.StdEncoding.EncodeToString([]byte(change(string(data), whole)))
	}
	r = r.Replace(func(text string) string { return change(text, whole) }, raw)
	if r.Exec != nil && r.Exec.Truncated() {
		cut := *r.Exec
		cut.Stdout, cut.Stderr = hideCut(cut.Stdout, cut.StdoutCut), hideCut(cut.Stderr, cut.StderrCut)
		cut.StdoutRaw, cut.StderrRaw = hideRawCut(cut.StdoutRaw, cut.StdoutCut), hideRawCut(cut.StderrRaw, cut.StderrCut)
		changed = changed || cut != *r.Exec
		r.Exec = &cut
	}
	r.Text = hideText(r.Text, change)
	if r.Read != nil {
		read, err := s.content(r.Read)
		if err != nil {
			return r, err
		}
		changed = changed || read != r.Read
		r.Read = read
	}
	if r.Error != nil {
		e := *r.Error
		switch {
		case s.secret && e.Code == checkFailed:
			e.Message = "the check of the new file refused it; what it said is sensitive"
		case s.secret && s.Op.Probes():
			e.Message = "the probe failed; what it asked and was answered is sensitive"
		}
		e.Message = change(e.Message, false)
		changed = changed || e.Message != r.Error.Message
		r.Error = &e
	}
	if changed {
		registry.Lock()
		registry.results[protocol.Digest(r)] = protocol.Digest(said)
		registry.Unlock()
	}
	return r, nil
}

// hideText is a text file with values hidden in what it says; the rest has to stay, since it is edited.
func hideText(r *op.TextResult, change func(text string, whole bool) string) *op.TextResult {
	if r == nil {
		return nil
	}
	hidden := *r
	hidden.Text = change(r.Text, false)
	return &hidden
}

// hideCut puts a marker in the place of the end of a value with which a text begins whose beginning was cut off.
func hideCut(text string, cut bool) string {
	if !cut || len(text) < shortest {
		return text
	}
	registry.RLock()
	defer registry.RUnlock()
	most, of := 0, ""
	for _, values := range registry.search {
		for _, v := range values {
			for n := min(len(v)-1, len(text)); n > most && n >= shortest; n-- {
				if v[len(v)-n:] == text[:n] {
					most, of = n, v
				}
			}
		}
	}
	if most == 0 {
		return text
	}
	return marker(registry.numbers[of]) + text[most:]
}

// hideRawCut is hideCut for base64.
func hideRawCut(encoded string, cut bool) string {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !cut || encoded == "" {
		return encoded // close has hidden what cannot be read
	}
	return base64.StdEncoding.EncodeToString([]byte(hideCut(string(data), true)))
}

// content hides values in what a file holds.
func (s *sent) content(r *op.ReadResult) (*op.ReadResult, error) {
	if s.unless != "" && r.Sum == s.Op.Read.Unless {
		same := *r
		same.Sum = s.unless
		return &same, nil
	}
	if r.Content == nil || r.Content.Open == nil {
		return r, nil
	}
	text, err := read(r.Content)
	if err != nil {
		return nil, err
	}
	hidden := Hide(text)
	if hidden == text {
		return r, nil
	}
	b := op.NewBlob([]byte(hidden))
	keepBlob(b.Sum, r.Content)
	other := *r
	other.Content, other.Sum, other.Size = b, b.Sum, b.Size
	return &other, nil
}
