package planning

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// written is a text file as the units so far are going to leave it.
type written struct {
	by     *plan.Step
	result op.TextResult
}

// edits plans units that edit a file which units before them are going to write: for them its text is what
// those leave. Units that stand beside each other are one write with one difference. What a unit may do to
// a file beside writing it, such as a program, is not foreseen: what is behind is planned on the file as it is.
func edits(ctx context.Context, providers inspect.Providers, steps []*plan.Step) error {
	files := map[string]written{}
	var before *plan.Step
	for _, s := range steps {
		if s.Err == nil {
			will := known(files, s)
			if len(will) > 0 {
				if err := foresee(ctx, providers, s, will); err != nil {
					return err
				}
			}
			if joins(s, before, will) {
				s.Joins = before
			}
		}
		if s.Err == nil && s.Change != nil {
			note(files, s)
		}
		before = s
	}
	for _, s := range steps {
		if s.Joins != nil && s.Acts() {
			oneDifference(s)
		}
	}
	return nil
}

// known is what the host is going to answer to reads of a step, by their place among them, where that is known.
func known(files map[string]written, s *plan.Step) map[int]op.TextResult {
	var will map[int]op.TextResult
	for i, r := range s.Reads {
		if r.Op.Text == nil {
			continue
		}
		w, ok := files[r.Op.Text.Path]
		if !ok || w.by.Unit.User != s.Unit.User || w.by.Unit.ID.Scope != s.Unit.ID.Scope {
			continue
		}
		if will == nil {
			will = map[int]op.TextResult{}
		}
		will[i] = w.result
	}
	return will
}

// foresee plans a step as the host is going to answer its reads by then.
func foresee(ctx context.Context, providers inspect.Providers, s *plan.Step, will map[int]op.TextResult) error {
	provider, err := providers(ctx, s.Unit.ID.Type)
	if err != nil {
		return err
	}
	s.Reads = slices.Clone(s.Reads)
	for i, result := range will {
		s.Reads[i].Result = op.Result{Text: &result}
	}
	request := s.Request(abi.Read)
	request.Log = s.Reads
	replies, err := provider.Call(ctx, []abi.Request{request})
	switch {
	case err != nil:
		return err
	case replies[0].Error != nil && replies[0].Error.Message == abi.NotDeterministic: // of the other text it asks other questions
		return nil
	case replies[0].Error != nil:
		s.Change, s.Err = nil, replies[0].Error
		return nil
	case replies[0].Actual == nil: // it asks for more, which only the host can answer
		return nil
	}
	s.Actual, s.Change = replies[0].Actual, nil
	return inspect.Diff(ctx, providers, []*plan.Step{s})
}

// note takes down what a step is going to leave in files.
func note(files map[string]written, s *plan.Step) {
	if !s.Acts() {
		return
	}
	for _, e := range s.Change.Effects {
		if !e.Op.Changes() {
			continue
		}
		if !e.Op.Kind().OnFiles() {
			clear(files) // it may write any
			continue
		}
		if text, ok := textOf(s, e); ok {
			files[e.Op.Write.Path] = written{s, op.TextResult{Exists: true, Type: op.TypeFile, Text: text}}
		} else if e.Op.Attr == nil && e.Op.Mkdir == nil {
			maps.DeleteFunc(files, func(path string, _ written) bool { return hostpath.Below(path, e.Op.Subject()) })
		}
	}
}

// textOf is the text that a step is going to write for sure.
func textOf(s *plan.Step, e abi.Effect) (string, bool) {
	w := e.Op.Write
	if w == nil || len(e.Unknown) > 0 || s.Certainty != plan.Sure || s.Unit.Conditions.When != nil || len(s.Unit.Conditions.OnChange) > 0 || s.On != nil || s.Once != "" {
		return "", false
	}
	b := w.Content
	if known := s.Unit.Blobs[b.Sum]; known != nil {
		b = known
	}
	if b.Size == 0 {
		return "", true
	}
	if b.Open == nil || b.Size > op.MaxText {
		return "", false
	}
	r, err := b.Open()
	if err != nil {
		return "", false
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err == nil
}

// joins reports whether a step can be one write with the one before it: each is an edit of one file and does
// nothing else, and what this one reads is what that one leaves.
func joins(s, before *plan.Step, will map[int]op.TextResult) bool {
	if before == nil || len(will) != 1 || len(s.Reads) != 1 || s.Reads[0].Op.Text == nil {
		return false
	}
	path := s.Reads[0].Op.Text.Path
	return isEdit(s, path) && isEdit(before, path) && s.Unit.User == before.Unit.User &&
		s.Unit.ID.Scope == before.Unit.ID.Scope && s.Unit.Sensitive == before.Unit.Sensitive && sameWay(s, before)
}

// sameWay reports whether the writes of a step and of those with which the one before it is one write can be one: the
// same attributes and links, and not two checks.
func sameWay(s, before *plan.Step) bool {
	if !s.Acts() {
		return true
	}
	mine := *s.Change.Effects[0].Op.Write
	for ; before != nil; before = before.Joins {
		if !before.Acts() {
			continue
		}
		other := *before.Change.Effects[0].Op.Write
		if mine.Check != "" && other.Check != "" && mine.Check != other.Check {
			return false
		}
		if mine.InPlace != other.InPlace || mine.Unsafe != other.Unsafe || mine.Attributes != (op.Attributes{}) || other.Attributes != (op.Attributes{}) {
			return false
		}
	}
	return true
}

func isEdit(s *plan.Step, path string) bool {
	if s.Err != nil || s.Change == nil || len(s.Reads) != 1 || s.Reads[0].Op.Text == nil || s.Reads[0].Op.Text.Path != path {
		return false
	}
	u := s.Unit
	if u.Failure.Ignore || u.Failure.Retry != nil || u.Failure.Handler != "" || u.Rollout.Throttle > 0 || s.Once != "" || u.ID.Delegate != "" {
		return false
	}
	if !s.Acts() {
		return s.Change.Action == abi.None
	}
	return len(s.Change.Effects) == 1 && s.Change.Effects[0].Op.Write != nil && len(s.Change.Effects[0].Unknown) == 0 && len(s.Change.Needs) == 0
}

// oneDifference tells the difference in the content that a step and the one that it joins make in the
// one that comes last.
func oneDifference(last *plan.Step) {
	first := last.Joins
	for first != nil && !first.Acts() {
		first = first.Joins
	}
	if first == nil {
		return
	}
	from := slices.IndexFunc(first.Change.Diffs, isContent)
	to := slices.IndexFunc(last.Change.Diffs, isContent)
	if from < 0 || to < 0 {
		return
	}
	last.Change.Diffs[to].Before = first.Change.Diffs[from].Before
	first.Change.Diffs = slices.Delete(first.Change.Diffs, from, from+1)
	first.Change.Reason = strings.TrimPrefix(first.Change.Reason+"; in one write with "+last.Unit.ID.Local(), "; ")
}

func isContent(d abi.Diff) bool { return d.Field == "content" }
