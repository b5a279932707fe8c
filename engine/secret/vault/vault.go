package vault

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Password is one that may open envelopes.
type Password struct {
	// ID is its label; "" is that it has none.
	ID string
	// From is where it is from, for messages.
	From string
	// Get gives it. It is called once at most, and only where something is encrypted.
	Get func() ([]byte, error)
}

// ErrNoPassword is that something is encrypted and there is no password.
var ErrNoPassword = errors.New("encrypted with ansible-vault, and no password is given")

// RefusedError is that no password opens an envelope.
type RefusedError struct {
	ID    string   // of the envelope
	Tried []string // where the passwords are from
}

// Error says which were tried.
func (e *RefusedError) Error() string {
	id := ""
	if e.ID != "" {
		id = fmt.Sprintf(" as %q", e.ID)
	}
	which := "the password does"
	if len(e.Tried) > 1 {
		which = "the passwords do"
	}
	return fmt.Sprintf("encrypted with ansible-vault%s, and %s not open it (%s), or it was changed since", id, which, strings.Join(e.Tried, ", "))
}

// Vault opens envelopes, each once. It may be used by several goroutines.
type Vault struct {
	passwords []Password

	mu     sync.Mutex
	opened map[string]func() ([]byte, error)
}

// New returns a vault with passwords, which are tried in their order: first those that have the label of the envelope, then the others,
// as Ansible does.
func New(passwords ...Password) *Vault {
	v := &Vault{opened: map[string]func() ([]byte, error){}}
	for _, p := range passwords {
		p.Get = sync.OnceValues(p.Get)
		v.passwords = append(v.passwords, p)
	}
	return v
}

// Open decrypts an envelope.
func (v *Vault) Open(e *Envelope) ([]byte, error) {
	v.mu.Lock()
	open := v.opened[e.key()]
	if open == nil {
		open = sync.OnceValues(func() ([]byte, error) { return v.try(e) })
		v.opened[e.key()] = open
	}
	v.mu.Unlock()
	return open()
}

// OpenAll decrypts envelopes side by side, for which each takes some milliseconds on purpose. What cannot be opened is told by Open.
func (v *Vault) OpenAll(all []*Envelope) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, e := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			_, _ = v.Open(e)
		})
	}
	wg.Wait()
}

func (v *Vault) try(e *Envelope) ([]byte, error) {
	if len(v.passwords) == 0 {
		return nil, ErrNoPassword
	}
	order := slices.Clone(v.passwords)
	slices.SortStableFunc(order, func(a, b Password) int {
		switch {
		case a.ID == b.ID, a.ID != e.ID && b.ID != e.ID:
			return 0
		case a.ID == e.ID:
			return -1
		}
		return 1
	})
	refused := &RefusedError{ID: e.ID}
	for _, p := range order {
		password, err := p.Get()
		if err != nil {
			return nil, err
		}
		text, err := e.open(password)
		if !errors.Is(err, errRefused) {
			return text, err
		}
		refused.Tried = append(refused.Tried, p.From)
	}
	return nil, refused
}
