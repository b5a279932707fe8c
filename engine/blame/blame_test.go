package blame

import (
	"errors"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/target"
)

// informedError came up after hosts had answered.
type informedError struct{}

func (informedError) Error() string { return "hosts had answered before" }
func (informedError) Informed()     {}

func TestBlameRunbook(t *testing.T) {
	informed := func(line int) error {
		return &diag.Error{Summary: "x", Pos: diag.Pos{File: "a.star", Line: line}, Code: diag.Failed, Cause: informedError{}}
	}
	answer := func(line int) error {
		return &diag.Error{Summary: "x", Pos: diag.Pos{File: "a.star", Line: line}, Code: diag.Failed, Cause: errors.New("h cannot be used")}
	}
	plain := &diag.Error{Summary: "x", Pos: diag.Pos{File: "a.star", Line: 1}}
	lost := &diag.Error{Summary: "gone", Code: diag.Unreachable, Cause: &target.Error{Host: "h", Stage: target.StageConnect}}
	late := &diag.Error{Summary: "its time is up", Code: diag.Failed}
	tests := []struct {
		name string
		errs []error
		want []diag.Code
	}{
		{"one of two", []error{informed(1), nil}, []diag.Code{diag.Failed, diag.OK}},
		{"all, in one place", []error{informed(1), informed(1)}, []diag.Code{diag.Usage, diag.Usage}},
		{"all, each in its own place", []error{informed(1), informed(2)}, []diag.Code{diag.Failed, diag.Failed}},
		{"one place of several", []error{errors.Join(informed(1), informed(2)), informed(2)}, []diag.Code{diag.Usage, diag.Usage}},
		{"all that could be reached", []error{lost, informed(1)}, []diag.Code{diag.Unreachable, diag.Usage}},
		{"all that were planned in time", []error{informed(1), late}, []diag.Code{diag.Usage, diag.Failed}},
		{"answers of all", []error{answer(1), answer(1)}, []diag.Code{diag.Failed, diag.Failed}},
		{"before anyone was asked", []error{plain, nil}, []diag.Code{diag.Usage, diag.OK}},
		{"a host that is fine between them", []error{informed(1), nil, informed(1)}, []diag.Code{diag.Failed, diag.OK, diag.Failed}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var planned []*plan.Host
			for _, err := range tt.errs {
				planned = append(planned, &plan.Host{Host: &inventory.Host{Name: "h"}, Err: err})
			}
			Runbook(planned)
			var got []diag.Code
			for _, h := range planned {
				got = append(got, diag.CodeOf(Host("h", h.Err)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
