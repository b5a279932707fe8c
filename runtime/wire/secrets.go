package wire

import (
	"context"
	"errors"
	"sync"

	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// Secrets has runbooks read secrets from a store, which is opened with the first, and keep there what they generate.
func Secrets(open func() (*store.Store, error)) source.Store { return kept{sync.OnceValues(open)} }

// kept implements source.Store.
type kept struct{ open func() (*store.Store, error) }

func (k kept) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	s, err := k.open()
	if err != nil {
		return nil, true, err
	}
	value, err = s.Get(ctx, name)
	return value, !errors.Is(err, store.ErrNotFound), err
}

func (k kept) Free(name string) error {
	s, err := k.open()
	if err != nil {
		return err
	}
	return s.Free(name)
}

func (k kept) Create(ctx context.Context, name string, value []byte) (bool, error) {
	s, err := k.open()
	if err != nil {
		return false, err
	}
	return s.Create(ctx, name, value)
}
