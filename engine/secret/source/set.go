package source

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Set is the secrets of one run. It is safe for concurrent use.
type Set struct {
	o     Options
	kinds map[string]source

	mu       sync.Mutex
	all      map[string]*asked
	expected map[string]secret.Ref
	plan     string // that expects them
	instead  string // what to do where they are others
	replaced map[string]string
	making   []string // the names of those that are generated
}

// asked is a secret that was asked for.
type asked struct {
	mu     sync.Mutex // held while its source is asked
	done   bool
	marked string // stands for its value; "" where it has none
	ref    secret.Ref
	err    error
	gone   error // why the store does not have it
	fresh  bool  // it was generated, and is not kept yet
}

// New returns the secrets of a run.
func New(o Options) *Set {
	if o.Warn == nil {
		o.Warn = func(*diag.Error) {}
	}
	return &Set{o: o, kinds: sources(o), all: map[string]*asked{}, replaced: map[string]string{}}
}

// Get gives a text that stands for a secret. generate says how it is made where the store does not have it, "" that it is not.
func (s *Set) Get(ctx context.Context, name, generate string) (string, error) {
	kind, what, err := s.split(name)
	if err != nil {
		return "", err
	}
	if generate != "" {
		if kind != kept {
			return "", refused("secret %q: only a secret of the store can be generated", name).WithHint("secret(\"db/password\", generate = %q)", generate)
		}
		if _, err := parse(generate); err != nil {
			return "", err
		}
	}
	if s.o.StandIn {
		return secret.Add("stand-in of " + name), nil
	}
	a := s.entry(name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.done {
		text, err := s.read(ctx, a, kind, what)
		if ctx.Err() != nil {
			return "", ctx.Err() // which says nothing of the secret
		}
		a.done, a.ref = true, secret.Ref{Name: name, Source: kind}
		if a.err = err; err == nil && text != "" {
			a.err = s.take(a, text)
		}
	}
	if a.err == nil && (a.fresh || a.marked == "") {
		return s.generated(a, generate)
	}
	return a.marked, a.err
}

// Known reports whether a secret was asked for.
func (s *Set) Known(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[name] != nil
}

func (s *Set) entry(name string) *asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[name] == nil {
		s.all[name] = &asked{}
	}
	return s.all[name]
}

// read gives the value of a secret, as it is to become or as its source has it, "" where it is one of the store that is not there.
func (s *Set) read(ctx context.Context, a *asked, kind, what string) (text string, err error) {
	name := nameOf(kind, what)
	s.mu.Lock()
	text, is := s.replaced[name]
	expected, isExpected := s.expected[name]
	s.mu.Unlock()
	if is {
		return text, nil
	}
	found := true
	if kind != kept {
		text, err = s.kinds[kind].read(ctx, what)
	} else {
		text, found, err = s.stored(ctx, what)
	}
	switch {
	case isExpected && expected.Nonce == "" && (err != nil || !found):
		return "", s.stale(name, "cannot be read any more", err)
	case !found:
		a.gone = err
		return "", nil
	case err == nil && text == "" && isExpected && expected.Nonce == "":
		return "", s.stale(name, "is empty by now", nil)
	case err == nil && text == "":
		return "", refused("secret %q is empty", name).WithHint("%s", toSet(kind, what))
	}
	return text, ofRunbook(err)
}

func (s *Set) stored(ctx context.Context, name string) (text string, found bool, err error) {
	if s.o.Store == nil {
		return "", false, nil
	}
	value, found, err := s.o.Store.Get(ctx, name)
	return string(value), found, err
}

// take notes the value of a secret, which must be the one that is expected.
func (s *Set) take(a *asked, text string) error {
	seal, err := s.o.Seal()
	if err != nil {
		return err
	}
	a.marked, a.ref.Digest = secret.GivenAs(text, a.ref.Name), secret.Reference(text, seal)
	expected, is := s.expectation(a.ref.Name)
	if !is {
		return nil
	}
	a.ref.Generate, a.ref.Nonce = expected.Generate, expected.Nonce
	switch {
	case hmac.Equal([]byte(expected.Digest), []byte(a.ref.Digest)):
		return nil
	case expected.Nonce != "":
		return s.stale(a.ref.Name, "was to be generated, and is there by now", nil)
	}
	return s.stale(a.ref.Name, "has changed since then", nil)
}

func (s *Set) expectation(name string) (secret.Ref, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, is := s.expected[name]
	return ref, is
}

// stale is the error for a secret that is not what a plan was made with.
func (s *Set) stale(name, how string, cause error) error {
	e := (&diag.Error{Summary: s.plan + " was made with the secret " + name + ", which " + how, Cause: cause, Code: diag.Stale}).
		WithHint("nothing was done; %s", cmp.Or(s.instead, "make a new plan and review it"))
	if cause != nil {
		e.Detail = cause.Error()
	}
	return e
}

// generated makes a secret that the store does not have. It is kept later.
func (s *Set) generated(a *asked, generate string) (string, error) {
	name := a.ref.Name
	switch {
	case generate == "" && a.fresh:
		return "", refused("secret %q is not there yet, and generate is given elsewhere", name).
			WithHint("give it here, too: secret(%q, generate = %q); or use the value of one call", name, a.ref.Generate)
	case generate == "":
		return "", missing(name, a.gone)
	case a.fresh && generate != a.ref.Generate:
		return "", refused("secret %q: generate is %s here, and %s elsewhere", name, generate, a.ref.Generate).WithHint("say the same at both places, or use the value of one call")
	case a.fresh:
		return a.marked, nil
	}
	if err := s.free(name); err != nil {
		return "", err
	}
	seal, err := s.o.Seal()
	if err != nil {
		return "", err
	}
	nonce := newNonce()
	if expected, is := s.expectation(name); is {
		nonce = expected.Nonce
	}
	text, err := Generate(generate, name, nonce, seal)
	if err != nil {
		return "", err
	}
	a.ref.Generate, a.ref.Nonce, a.fresh = generate, nonce, true
	if a.err = s.take(a, text); a.err != nil {
		return "", a.err
	}
	return a.marked, nil
}

// free refuses the name of a secret to be generated that the store would refuse when it is to be kept.
func (s *Set) free(name string) error {
	if s.o.Store != nil {
		if err := s.o.Store.Free(name); err != nil {
			return ofRunbook(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.making {
		if clash(name, other) || clash(other, name) {
			return refused("there cannot be a secret %s beside %s, which is generated, too", name, other).
				WithHint("take a name that differs from it in more than case, and is no part of it")
		}
	}
	s.making = append(s.making, name)
	return nil
}

// clash reports whether two names differ in case alone, or one begins with the parts of the other.
func clash(name, other string) bool {
	lower, longer := strings.ToLower(name), strings.ToLower(other)
	return name != other && (lower == longer || strings.HasPrefix(longer, lower+"/"))
}

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Expect says with what secrets a plan was made: others are stale. what is the plan, and instead what to do then,
// for messages; "" is to make a new plan.
func (s *Set) Expect(refs []secret.Ref, what, instead string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.instead, s.expected = what, instead, make(map[string]secret.Ref, len(refs))
	for _, r := range refs {
		s.expected[r.Name] = r
	}
}

// Replace has a secret of the store be another value, which is not written.
func (s *Set) Replace(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaced[name] = value
}

// Refs are what stands for the secrets that were asked for, in the order of their names.
func (s *Set) Refs() []secret.Ref {
	var refs []secret.Ref
	for _, a := range s.asked() {
		refs = append(refs, a.ref)
	}
	return refs
}

// Fresh are the secrets that are generated and not kept yet, in the order of their names.
func (s *Set) Fresh() []secret.Ref {
	var refs []secret.Ref
	for _, a := range s.asked() {
		if a.fresh {
			refs = append(refs, a.ref)
		}
	}
	return refs
}

// answer is what came of asking for a secret.
type answer struct {
	ref    secret.Ref
	marked string
	fresh  bool
}

// asked are the secrets that have a value, in the order of their names.
func (s *Set) asked() []answer {
	s.mu.Lock()
	var entries []*asked
	for _, a := range s.all {
		entries = append(entries, a)
	}
	s.mu.Unlock()
	var all []answer
	for _, a := range entries {
		a.mu.Lock()
		if a.err == nil && a.marked != "" {
			all = append(all, answer{a.ref, a.marked, a.fresh})
		}
		a.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b answer) int { return cmp.Compare(a.ref.Name, b.ref.Name) })
	return all
}

// Keep keeps the secrets that were generated. One that others have made meanwhile is stale.
func (s *Set) Keep(ctx context.Context) error {
	for _, a := range s.asked() {
		if !a.fresh {
			continue
		}
		created, err := s.o.Store.Create(ctx, a.ref.Name, []byte(secret.Resolve(a.marked)))
		if err != nil {
			return err
		}
		if !created {
			s.mu.Lock()
			s.plan = cmp.Or(s.plan, "the plan")
			s.mu.Unlock()
			return s.stale(a.ref.Name, "was to be generated, and is there by now", nil)
		}
		kept := s.entry(a.ref.Name)
		kept.mu.Lock()
		kept.fresh = false
		kept.mu.Unlock()
	}
	return nil
}

// nameOf puts the name of a secret together again.
func nameOf(kind, what string) string {
	if kind == kept {
		return what
	}
	return kind + ":" + what
}

// toSet says what gives a secret a value.
func toSet(kind, what string) string {
	switch kind {
	case kept:
		return "give it a value: froyo secret set " + what
	case ofVariable:
		return "set " + what + " in the environment of froyo"
	case ofVault:
		return "encrypt it: ansible-vault encrypt --output " + what
	case ofFile:
		return "write it into " + what
	}
	return "see what it prints: " + strings.TrimSpace(what)
}

// missing is the error for a secret that the store does not have.
func missing(name string, cause error) error {
	if cause != nil {
		return ofRunbook(cause)
	}
	return refused("there is no secret %q", name).WithHint("%s; or have it made: secret(%q, generate = \"password(24)\")", toSet(kept, name), name)
}
