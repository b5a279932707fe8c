package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Perform has ops done on their targets. ops and the results that it returns
// are indexed as the requests are; a request that needs nothing has no ops. Every
// op gets a result, in order; one that could not be done has its Error set.
//
// Ops are checked against the manifest before. Content in them is a reference
// without Open, as a guest knows it by digest alone: the caller keeps the blobs
// of its units and of earlier results and finds them by their digest. In the
// same way results reach the guest without the bytes of their blobs.
//
// An error ends the run for all requests.
type Perform = func(ctx context.Context, ops [][]op.Op) (results [][]op.Result, err error)

// Run asks the guest about each request until it has answered all of them,
// having performed what it needs in between, for all requests in one go. The
// replies never hold a need. As with Call, what fails one request is in its reply.
func (m *Module) Run(ctx context.Context, requests []abi.Request, perform Perform) ([]abi.Reply, error) {
	requests = slices.Clone(requests)
	replies := make([]abi.Reply, len(requests))
	open := make([]int, len(requests)) // requests that are not answered yet
	for n := range requests {
		requests[n].Log = slices.Clip(requests[n].Log) // what follows is not the caller's
		open[n] = n
	}
	for {
		needs, err := m.round(ctx, requests, replies, &open)
		if err != nil || len(open) == 0 {
			return replies, err
		}
		results, err := perform(ctx, needs)
		if err != nil {
			return replies, err
		}
		if len(results) != len(needs) {
			return replies, fmt.Errorf("ops of %d requests have results for %d", len(needs), len(results))
		}
		for _, n := range open {
			if len(results[n]) != len(needs[n]) {
				return replies, fmt.Errorf("%d ops have %d results", len(needs[n]), len(results[n]))
			}
			for k, o := range needs[n] {
				requests[n].Log = append(requests[n].Log, abi.Entry{Op: o, Result: results[n][k]})
			}
		}
	}
}

// round asks the open requests once and leaves those open that need ops, which it returns.
func (m *Module) round(ctx context.Context, requests []abi.Request, replies []abi.Reply, open *[]int) ([][]op.Op, error) {
	asked := make([]abi.Request, 0, len(*open))
	for _, n := range *open {
		asked = append(asked, requests[n])
	}
	answers, err := m.Call(ctx, asked)
	if err != nil {
		return nil, err
	}
	needs := make([][]op.Op, len(requests))
	var left []int
	for k, n := range *open {
		if answers[k].Need == nil {
			replies[n] = answers[k]
			continue
		}
		needs[n] = answers[k].Need
		left = append(left, n)
	}
	*open = left
	return needs, nil
}
