package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
)

// record is an item as it is stored. Times are in microseconds, 0 for none.
type record struct {
	ID        string `json:"id"`
	Run       string `json:"run"`
	Workspace string `json:"workspace,omitempty"`
	Play      string `json:"play,omitempty"`
	Host      string `json:"host"`
	Batch     int    `json:"batch,omitempty"`
	Put       int64  `json:"put"`
	Attempts  int    `json:"attempts,omitempty"`
	Worker    string `json:"worker,omitempty"`
	Until     int64  `json:"until,omitempty"`
	TTL       int64  `json:"ttl,omitempty"`
	SetAside  bool   `json:"set_aside,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

func encode(i *queue.Item) ([]byte, error) {
	r := record{
		ID: i.ID, Run: i.Run, Workspace: i.Workspace, Play: i.Play, Host: i.Host, Batch: i.Batch, Put: i.Put.UnixMicro(),
		Attempts: i.Attempts, Worker: i.Worker, TTL: i.TTL.Microseconds(), SetAside: i.DeadLettered, Reason: i.Reason,
	}
	if i.Worker != "" {
		r.Until = i.Until.UnixMicro()
	}
	return json.Marshal(r)
}

// decode reads a stored item and believes nothing: a claim that never ends, or
// a field of a later froyo that would be lost, is refused.
func decode(value []byte) (queue.Item, error) {
	var r record
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return queue.Item{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return queue.Item{}, errors.New("more follows the item")
	}
	i := queue.Item{
		ID: r.ID, Run: r.Run, Workspace: r.Workspace, Play: r.Play, Host: r.Host, Batch: r.Batch, Put: time.UnixMicro(r.Put).UTC(),
		Attempts: r.Attempts, Worker: r.Worker, DeadLettered: r.SetAside, Reason: r.Reason,
	}
	if err := r.check(&i); err != nil {
		return queue.Item{}, err
	}
	if r.Worker != "" {
		i.Until, i.TTL = time.UnixMicro(r.Until).UTC(), time.Duration(r.TTL)*time.Microsecond
	}
	return i, nil
}

// check says what no queue would have stored.
func (r *record) check(i *queue.Item) error {
	claimed := r.Worker != ""
	switch err := i.Check(); {
	case err != nil:
		return err
	case r.Attempts < 0 || r.Attempts > queue.MaxAttempts:
		return fmt.Errorf("it was delivered %d times", r.Attempts)
	case !printable(r.Put) || !printable(r.Until):
		return errors.New("its time is in no year that can be written")
	case claimed && (r.Attempts == 0 || r.SetAside):
		return errors.New("it is claimed and cannot be")
	case claimed && (r.TTL <= 0 || r.TTL > queue.MaxTTL.Microseconds()):
		return fmt.Errorf("it is claimed for %d µs", r.TTL)
	case !claimed && (r.Until != 0 || r.TTL != 0):
		return errors.New("it is claimed to no worker")
	}
	return nil
}

// printable reports whether a time is in a year of four digits.
func printable(micros int64) bool {
	year := time.UnixMicro(micros).UTC().Year()
	return year > 0 && year < 10000
}
