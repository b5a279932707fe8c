package repository

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Debconf is the answer to a question of a package. Its fields are described in debconf.cue.
type Debconf struct {
	Package  string `json:"package"`
	Question string `json:"question"`
	Type     string `json:"type"`
	Value    string `json:"value"`
}

// DebconfState is the answer that debconf has.
type DebconfState struct {
	NoDebconf bool   `json:"no_debconf,omitempty"`
	Asked     bool   `json:"asked,omitempty"` // the question is known
	Value     string `json:"value,omitempty"` // but for a password
	// Same says of a password that it is the one.
	Same bool `json:"same,omitempty"`
}

// How debconf is asked, which even who only reads locks: it is asked again for five seconds. One says the answer; the other has
// the host compare it, and says nothing.
const (
	asking  = `IFS= read -r get; n=0; until said=$(echo "$get" | debconf-communicate); test -n "$said" || test "$n" -ge 25; do n=$((n+1)); sleep 0.2; done; `
	telling = asking + `printf %s "$said"`
	compare = asking + `IFS= read -r want; test -n "$said" || exit 3; test "$said" = "0 $want"`
)

// Read implements sdk.Resource.
func (d Debconf) Read(t *sdk.T) DebconfState {
	if t.Must(t.Do(op.Op{Need: &op.Need{Program: "debconf-communicate"}})).Need.NoProgram {
		return DebconfState{NoDebconf: true}
	}
	question := "GET " + d.Question + "\n"
	if d.Type == "password" {
		if t.Unknown("value") {
			return DebconfState{}
		}
		both := question + d.Value + "\n"
		r := t.Must(t.Do(op.Op{Exec: &op.Exec{Argv: []string{"sh", "-c", compare}, Stdin: &op.Blob{Text: &both}, ReadOnly: true}})).Exec
		if r.RC > 1 {
			d.silent(t, r)
		}
		return DebconfState{Same: r.RC == 0}
	}
	r := t.Must(t.Do(op.Op{Exec: &op.Exec{Argv: []string{"sh", "-c", telling}, Stdin: &op.Blob{Text: &question}, ReadOnly: true}})).Exec
	code, value, _ := strings.Cut(r.Stdout, " ")
	switch {
	case code == "0" && !strings.Contains(value, "\n"):
		return DebconfState{Asked: true, Value: value}
	case code != "10": // there is no such question
		d.silent(t, r)
	}
	return DebconfState{}
}

// silent fails the unit where debconf says nothing, as while another process has it locked.
func (d Debconf) silent(t *sdk.T, r *op.ExecResult) {
	t.Fail(op.Transient, "debconf does not tell its answer to "+d.Question, strings.TrimSpace(r.Stderr), "")
}

// Plan implements sdk.Resource.
func (d Debconf) Plan(t *sdk.T, now DebconfState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	unknown := t.Unknown("value")
	if !unknown && (now.Same || now.Asked && now.Value == d.Value) {
		return
	}
	t.Action(abi.Update)
	var before any
	if now.Asked {
		before = now.Value
	}
	switch {
	case d.Type == "password":
		t.DifferUnknown("password", nil)
		t.Reason("the answer is another one")
	case unknown:
		t.DifferUnknown("value", before)
	default:
		t.Differ("value", before, d.Value)
	}
	if now.NoDebconf {
		t.Needs(abi.Need{
			What: "program debconf-set-selections", Kind: "program", Name: "debconf-set-selections", Paths: []string{"/usr/bin/debconf-set-selections"},
			Hint: `what brings it has to be declared before: pkg("debconf"), on Debian and its kin`,
		})
	}
	d.answer(t)
}

// Potential implements sdk.HasPotential.
func (d Debconf) Potential(t *sdk.T) { d.answer(t) }

func (d Debconf) answer(t *sdk.T) {
	line := d.Package + " " + d.Question + " " + d.Type + " " + d.Value + "\n"
	e := &op.Exec{Argv: []string{"debconf-set-selections"}}
	var unknown []string
	if t.Unknown("value") {
		unknown = append(unknown, "stdin")
	} else {
		e.Stdin = &op.Blob{Text: &line}
	}
	r := t.Effect(op.Op{Exec: e}, unknown...)
	if !t.Acting() {
		return
	}
	// It warns of what it cannot read, and says that all is well.
	if said := strings.TrimSpace(r.Exec.Stderr); r.Exec.RC != 0 || strings.HasPrefix(said, "warning:") || strings.HasPrefix(said, "error:") || strings.Contains(said, "is locked by") {
		class := op.Permanent
		if strings.Contains(said, "is locked by another process") {
			class = op.Transient
		}
		t.Fail(class, "debconf-set-selections: exit code "+strconv.Itoa(r.Exec.RC)+", and the answer was not taken", said, "")
	}
	t.Changed()
}
