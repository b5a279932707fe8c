package plan

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
)

// Summary counts what a plan would do, units of all hosts together.
type Summary struct {
	Hosts   int `json:"hosts"`
	Failed  int `json:"failed"` // hosts without a plan
	Units   int `json:"units"`
	Add     int `json:"add"`
	Change  int `json:"change"`
	Destroy int `json:"destroy"`
	Replace int `json:"replace"`
	Run     int `json:"run"`
	// Conditional is how many of these depend on a condition known only after apply.
	Conditional int `json:"conditional"`
	// Unknown is how many units may change by values known only after apply.
	Unknown int `json:"unknown"`
	// Errors is how many units cannot be planned, Unbegun how many hosts are not begun for that reason: what the other
	// units there would do is not counted.
	Errors  int `json:"errors"`
	Unbegun int `json:"unbegun,omitempty"`
}

// Summarize counts over hosts.
func Summarize(hosts []*Host) Summary {
	var s Summary
	for _, h := range hosts {
		s.Hosts++
		if h.Err != nil {
			s.Failed++
			continue
		}
		unbegun := len(h.Unplanned()) > 0
		if unbegun {
			s.Unbegun++
		}
		for _, step := range h.Steps() {
			if unbegun && step.Err == nil {
				s.Units++
				continue
			}
			s.add(step)
		}
	}
	return s
}

func (s *Summary) add(step *Step) {
	s.Units++
	switch {
	case step.Err != nil:
		s.Errors++
		return
	case step.Acts() && step.Certainty == Unknown:
		s.Unknown++
		return
	case !step.Pending():
		return
	}
	if step.Certainty == Conditional {
		s.Conditional++
	}
	switch step.Change.Action {
	case abi.Create:
		s.Add++
	case abi.Update:
		s.Change++
	case abi.Delete:
		s.Destroy++
	case abi.Replace:
		s.Replace++
	case abi.Run:
		s.Run++
	case abi.None, abi.Probe:
	}
}

// Pending is how many changes are to be made.
func (s Summary) Pending() int { return s.Add + s.Change + s.Destroy + s.Replace + s.Run }

// String gives the one line that ends a plan.
func (s Summary) String() string {
	switch {
	case s.Pending() == 0 && s.Failed+s.Errors > 0:
		return "No changes on what could be planned."
	case s.Pending() == 0:
		return "No changes."
	}
	parts := []string{
		fmt.Sprintf("%d to add", s.Add), fmt.Sprintf("%d to change", s.Change), fmt.Sprintf("%d to destroy", s.Destroy),
	}
	if s.Replace > 0 {
		parts = append(parts, fmt.Sprintf("%d to replace", s.Replace))
	}
	if s.Run > 0 {
		parts = append(parts, fmt.Sprintf("%d to run", s.Run))
	}
	line := "Plan: " + strings.Join(parts, ", ")
	if s.Conditional > 0 {
		line += fmt.Sprintf(" (%d of them only if a condition holds)", s.Conditional)
	}
	return line + "."
}
