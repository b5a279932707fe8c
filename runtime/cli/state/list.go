package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// list is how one sort of what is kept is read and shown.
type list[T any] struct {
	name   string // of all, in JSON
	none   string // is said where there is nothing
	header []string
	row    func(T) []string
	entry  func(T) any // as JSON
	read   func(ctx context.Context, store state.Store, workspace string) ([]T, error)
}

// with calls do with the state, and what the list reads of it. Where nothing was ever
// recorded the store is nil, and there is nothing.
func (l *list[T]) with(ctx context.Context, e *console.Console, do func(store state.Store, workspace string, all []T) error) (err error) {
	store, workspace, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	if store == nil {
		return do(nil, workspace, nil)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := l.read(ctx, store, workspace)
	if err != nil {
		return err
	}
	return do(store, workspace, all)
}

// show prints all that the list reads.
func (l *list[T]) show(ctx context.Context, e *console.Console, asJSON bool) error {
	return l.with(ctx, e, func(_ state.Store, _ string, all []T) error {
		if !asJSON {
			return l.print(e.Stdout, all)
		}
		entries := make([]any, len(all))
		for i, one := range all {
			entries[i] = l.entry(one)
		}
		return e.WriteJSON(map[string]any{l.name: entries})
	})
}

// print writes a table.
func (l *list[T]) print(w io.Writer, all []T) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, l.none)
		return err
	}
	rows := [][]string{l.header}
	for _, one := range all {
		rows = append(rows, l.row(one))
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	_, err := io.WriteString(w, b.String())
	return err
}
