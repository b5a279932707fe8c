package bolt

import (
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/storefault"
)

// The buckets: items by the order of their coming, and that order by ID.
var (
	itemsBucket = []byte("items")
	idsBucket   = []byte("ids")
)

// table is the items within a transaction.
type table struct {
	items, ids *bbolt.Bucket
}

// entry is an item and where it stands.
type entry struct {
	key  []byte // its number, big-endian
	item queue.Item
}

// tableOf returns the items of a file whose format was checked.
func tableOf(tx *bbolt.Tx) *table {
	return &table{items: tx.Bucket(itemsBucket), ids: tx.Bucket(idsBucket)}
}

// add appends an item that is not there.
func (t *table) add(i *queue.Item) error {
	n, err := t.items.NextSequence()
	if err != nil {
		return err
	}
	e := &entry{key: binary.BigEndian.AppendUint64(nil, n), item: *i}
	if err := t.ids.Put([]byte(i.ID), e.key); err != nil {
		return err
	}
	return t.set(e)
}

// get returns an item by its ID, or nil.
func (t *table) get(id string) (*entry, error) {
	if id == "" {
		return nil, nil
	}
	key := t.ids.Get([]byte(id))
	if key == nil {
		return nil, nil
	}
	e, err := read(key, t.items.Get(key))
	if err == nil && e.item.ID != id {
		err = fmt.Errorf("%w: %.80q leads to the item %.80q", storefault.ErrCorrupt, id, e.item.ID)
	}
	return e, err
}

// visit calls do with the items that a filter picks, the oldest first, until it
// answers false. It must not change what is stored.
func (t *table) visit(f *queue.Filter, do func(*entry) bool) error {
	if len(f.IDs) > 0 {
		return t.visitNamed(f, do)
	}
	c := t.items.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		e, err := read(key, value)
		if err != nil {
			return err
		}
		if f.Wants(&e.item) && !do(e) {
			return nil
		}
	}
	return nil
}

// visitNamed looks at the items that the filter names, and at no others.
func (t *table) visitNamed(f *queue.Filter, do func(*entry) bool) error {
	var found []*entry
	for _, id := range unique(f.IDs) {
		e, err := t.get(id)
		if err != nil {
			return err
		}
		if e != nil {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *entry) int { return slices.Compare(a.key, b.key) })
	anyID := queue.Filter{Workspace: f.Workspace, Run: f.Run}
	for _, e := range found {
		if anyID.Wants(&e.item) && !do(e) {
			return nil
		}
	}
	return nil
}

func unique(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (t *table) set(entries ...*entry) error {
	for _, e := range entries {
		value, err := encode(&e.item)
		if err != nil {
			return err
		}
		if err := t.items.Put(e.key, value); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) remove(entries ...*entry) error {
	for _, e := range entries {
		if err := t.ids.Delete([]byte(e.item.ID)); err != nil {
			return err
		}
		if err := t.items.Delete(e.key); err != nil {
			return err
		}
	}
	return nil
}

// read decodes a stored item. Its key is copied, since it is gone with the transaction.
func read(key, value []byte) (*entry, error) {
	if len(key) != 8 || value == nil {
		return nil, fmt.Errorf("%w: there is no item number %x", storefault.ErrCorrupt, key)
	}
	item, err := decode(value)
	if err != nil {
		return nil, fmt.Errorf("%w: item number %x: %w", storefault.ErrCorrupt, key, err)
	}
	return &entry{key: slices.Clone(key), item: item}, nil
}
