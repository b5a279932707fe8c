// Package inline takes content out of what a guest replies: guests give a text that they made as it is, and from
// then on ops and differences refer to it by its digest.
//
// It imports providers/abi, runner/op and runner/codec.
package inline

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Most is how many bytes a text may have that a guest made.
const Most = 2 * op.MaxText

// Take puts references in the place of the texts of a reply.
func Take(r *abi.Reply) error {
	for i := range r.Need {
		if err := takeText(&r.Need[i]); err != nil {
			return err
		}
	}
	if r.Change == nil {
		return nil
	}
	for i := range r.Change.Effects {
		if err := takeText(&r.Change.Effects[i].Op); err != nil {
			return err
		}
	}
	for i := range r.Change.Diffs {
		d := &r.Change.Diffs[i]
		for _, value := range []*codec.Raw{&d.Before, &d.After} {
			if err := takeValue(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func takeText(o *op.Op) error {
	for _, b := range o.Blobs() {
		if b.Text == nil {
			continue
		}
		made, err := made(*b.Text)
		if err != nil {
			return err
		}
		*o = o.WithBlob(made)
	}
	return nil
}

// made is the content that a guest made.
func made(text string) (*op.Blob, error) {
	if len(text) > Most {
		return nil, fmt.Errorf("made content of %d bytes, more than %d", len(text), Most)
	}
	b := op.NewBlob([]byte(text))
	b.Made = true
	return b, nil
}

var textMark = []byte(`{"text":`)

// takeValue puts a reference in the place of a text in a difference.
func takeValue(value *codec.Raw) error {
	if !bytes.HasPrefix(*value, textMark) {
		return nil
	}
	var v struct {
		Text *string `json:"text"`
	}
	if err := codec.Unmarshal(*value, &v); err != nil || v.Text == nil {
		return errors.New("told a difference in a text that is none")
	}
	b, err := made(*v.Text)
	if err != nil {
		return err
	}
	*value, err = codec.Marshal(b)
	return err
}
