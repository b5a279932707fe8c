package onboard

import (
	"cmp"
	_ "embed" // the definition
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

//go:embed batch.cue
var batchSchema string

// wanted is what a file says of a host, or of all.
type wanted struct {
	User       string            `json:"user"`
	Password   *secretRef        `json:"password"`
	Key        string            `json:"key"`
	CreateUser string            `json:"createUser"`
	Sudo       string            `json:"sudo"`
	LockDown   []string          `json:"lockDown"`
	Labels     map[string]string `json:"labels"`
	Rollback   *bool             `json:"rollback"`
}

type secretRef struct {
	Secret string `json:"secret"`
}

type batchHost struct {
	wanted
	Address string `json:"address"`
	Port    int    `json:"port"`
	HostKey string `json:"hostKey"`
}

// Usual is what counts where a file of hosts says nothing.
const (
	usualLogin, usualUser, usualSudo = "root", "froyo", "NOPASSWD: ALL"
)

// ReadBatch reads a file of hosts in YAML, JSON or CUE. Keys are named, and not found yet.
func ReadBatch(name string, src []byte) ([]*Entry, error) {
	var data any
	if err := yaml.Unmarshal(src, &data); err != nil {
		return nil, (&diag.Error{Summary: name + " is no YAML: " + err.Error()}).WithHint("such as: hosts: {web1: {address: 10.0.0.41}}")
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return nil, &diag.Error{Summary: name + ": " + err.Error()}
	}
	if _, err := cuefile.Read(name, text, batchSchema); err != nil {
		return nil, inFile(name, err)
	}
	var file struct {
		wanted
		Hosts map[string]batchHost `json:"hosts"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, &diag.Error{Summary: name + ": " + err.Error()}
	}
	var all []*Entry
	at := map[string]string{}
	for _, host := range slices.Sorted(maps.Keys(file.Hosts)) {
		r, err := batchRequest(name, host, file.Hosts[host], file.wanted)
		if err != nil {
			return nil, asKeys(name, host, err)
		}
		place := fmt.Sprintf("%s port %d", r.Address, cmp.Or(r.Port, 22))
		if other := at[place]; other != "" {
			return nil, &diag.Error{Summary: fmt.Sprintf("%s: %s and %s are one host, %s", name, other, host, place)}
		}
		at[place] = host
		all = append(all, &Entry{Request: *r})
	}
	if len(all) == 0 {
		return nil, (&diag.Error{Summary: name + " has no hosts"}).WithHint("such as: hosts: {web1: {address: 10.0.0.41}}")
	}
	return all, nil
}

// inFile leaves out places of lines, which are those of the same as JSON.
func inFile(name string, err error) error {
	var errs []error
	for e := range diag.All(err) {
		d := *diag.Of(e)
		d.Pos = diag.Pos{File: name}
		errs = append(errs, &d)
	}
	return errors.Join(errs...)
}

// keysOf are the keys of a file by the flags that stand for them.
var keysOf = func() *strings.Replacer {
	pairs := []string{"--labels env=dev,role=web", "labels: {env: dev, role: web}", "the port has a flag of its own: --port", "the port is a key of its own: port:", "--name: ", "its name: ", "--name web1", "web1"}
	for f := range strings.FieldsSeq("create-user=createUser user=user sudo=sudo lock-down=lockDown labels=labels host-key=hostKey host=address port=port") {
		flag, key, _ := strings.Cut(f, "=")
		pairs = append(pairs, "--"+flag+": ", key+": ", "--"+flag+" ", key+": ")
	}
	return strings.NewReplacer(pairs...)
}()

// asKeys says of which host of a file something is wrong, in the words of the file.
func asKeys(file, host string, err error) error {
	d := *diag.Of(err)
	d.Pos, d.Summary, d.Hint = diag.Pos{File: file}, host+": "+keysOf.Replace(d.Summary), keysOf.Replace(d.Hint)
	return &d
}

// batchRequest is what is wanted of a host of a file.
func batchRequest(file, name string, h batchHost, all wanted) (*Request, error) {
	r := &Request{
		Name: name, Address: cmp.Or(h.Address, name), Port: h.Port, Login: cmp.Or(h.User, all.User, usualLogin), HostKey: h.HostKey,
		User: cmp.Or(h.CreateUser, all.CreateUser, usualUser), Sudo: cmp.Or(h.Sudo, all.Sudo, usualSudo),
		Key: Key{Name: cmp.Or(h.Key, all.Key)}, Labels: map[string]string{},
	}
	if r.Port == 22 {
		r.Port = 0
	}
	if p := cmp.Or(h.Password, all.Password); p != nil {
		r.Password = &inventory.Credential{Secret: p.Secret, Pos: diag.Pos{File: file}}
	}
	if keeps := cmp.Or(h.Rollback, all.Rollback); keeps != nil {
		r.NoRollback = !*keeps
	}
	maps.Copy(r.Labels, all.Labels)
	maps.Copy(r.Labels, h.Labels)
	locks := all.LockDown
	if h.LockDown != nil {
		locks = h.LockDown
	}
	var err error
	if r.LockDown, err = ParseLocks(locks); err != nil {
		return nil, err
	}
	for k, v := range r.Labels {
		if err := checkLabel(k, v); err != nil {
			return nil, err
		}
	}
	return r, r.Check()
}
