package systemd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

// fakeBus answers on a socket as the system's bus would, with systemd behind it.
type fakeBus struct {
	units map[string]fakeUnit
	// spoil, where it is set, says something else than what a call's answer is.
	spoil func(c net.Conn, serial uint32, member string) bool
	// greet, where it is set, stands for what the bus says to who we are.
	greet string
	read  time.Time // when systemd read its units' files
}

type fakeUnit struct {
	id, load, active, sub, file string
	remembered                  string // the state of its file when it was read
	outdated                    bool
}

// root makes a host's root with systemd.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.MkdirAll(filepath.Join(dir, "run/systemd/system"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir + "/"
}

// manager returns the manager of a host with this bus, and with programs that cannot be run.
func (f *fakeBus) manager(t *testing.T) *Manager {
	t.Helper()
	dir := root(t)
	if err := os.MkdirAll(filepath.Join(dir, "run/dbus"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", dir+systemBus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(c)
		}
	}()
	return New(Host{Root: dir, UID: 1000, Run: func(context.Context, []string, []string) (*op.ExecResult, error) {
		return nil, errors.New("no program can be run")
	}})
}

func (f *fakeBus) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	auth, _ := r.ReadString('\n')
	begin, _ := r.ReadString('\n')
	greet := "REJECTED EXTERNAL\r\n"
	if auth == "\x00AUTH EXTERNAL 31303030\r\n" && begin == "BEGIN\r\n" {
		greet = "OK 0123456789abcdef0123456789abcdef\r\n"
	}
	if f.greet != "" {
		greet = f.greet
	}
	_, _ = io.WriteString(c, greet)
	_, _ = c.Write(answer(4, 0, "", nil)) // a signal, as the bus gives one to each of its own
	for serial := uint32(1); ; serial++ {
		head, err := r.Peek(headSize)
		if err != nil {
			return
		}
		n, err := size(head)
		if err != nil {
			return
		}
		whole := make([]byte, n)
		if _, err := io.ReadFull(r, whole); err != nil {
			return
		}
		member, path, args := request(whole)
		if f.spoil != nil && f.spoil(c, serial, member) {
			continue
		}
		_, _ = c.Write(f.answer(serial, member, path, args))
	}
}

// request reads what is called, and with which texts.
func request(b []byte) (member, path string, args []string) {
	d := decoder{b: b, at: 12}
	sig := ""
	for end := d.array(8); d.at < end; {
		d.align(8)
		switch code, kind := d.byte(), d.signature(); code {
		case fieldMember:
			member = d.text()
		case fieldPath:
			path = d.text()
		case fieldSignature:
			sig = d.signature()
		default:
			d.skip(kind)
		}
	}
	d.align(8)
	body := decoder{b: b[d.at:]}
	if sig == "as" {
		body.u32()
	}
	for body.at < len(body.b) {
		args = append(args, body.text())
	}
	return member, path, args
}

func (f *fakeBus) answer(serial uint32, member, path string, args []string) []byte {
	switch member {
	case "Hello":
		return answer(kindReturn, serial, "s", texts(":1.7"))
	case "ListUnitsByNames":
		return answer(kindReturn, serial, "a(ssssssouso)", f.list(args))
	case "GetUnitFileState":
		if file := f.unit(args[0]).file; file != "" {
			return answer(kindReturn, serial, "s", texts(file))
		}
		return failing(serial, "org.freedesktop.DBus.Error.FileNotFound")
	case "Get":
		return answer(kindReturn, serial, "v", f.property(path, args[1]))
	}
	return failing(serial, "org.freedesktop.DBus.Error.UnknownMethod")
}

// property is a value with its type before it.
func (f *fakeBus) property(path, name string) []byte {
	if name == "UnitsLoadTimestamp" {
		return binary.LittleEndian.AppendUint64([]byte{1, 't', 0, 0, 0, 0, 0, 0}, uint64(f.read.UnixMicro()))
	}
	u := fakeUnit{}
	for name, each := range f.units {
		if unitPath(name) == path {
			u = each
		}
	}
	if name == "UnitFileState" {
		e := encoder{1, 's', 0}
		e.text(u.remembered)
		return e
	}
	value := byte(0)
	if u.outdated {
		value = 1
	}
	return []byte{1, 'b', 0, 0, value, 0, 0, 0}
}

func (f *fakeBus) unit(name string) fakeUnit {
	u, ok := f.units[name]
	if !ok {
		return fakeUnit{id: name, load: "not-found", active: "inactive", sub: "dead"}
	}
	if u.id == "" {
		u.id = name
	}
	return u
}

// list is the body of the answer to ListUnitsByNames.
func (f *fakeBus) list(names []string) []byte {
	var e encoder
	e.u32(0)
	e.align(8)
	start := len(e)
	for _, name := range names {
		u := f.unit(name)
		e.align(8)
		for _, s := range []string{u.id, "a description", u.load, u.active, u.sub, "", unitPath(u.id)} {
			e.text(s)
		}
		e.u32(0)
		e.text("")
		e.text("/")
	}
	e.setU32(0, len(e)-start)
	return e
}

func texts(list ...string) []byte {
	var e encoder
	for _, s := range list {
		e.text(s)
	}
	return e
}

// answer is a message as a bus sends it.
func answer(kind byte, replyTo uint32, sig string, body []byte) []byte {
	e := encoder{'l', kind, 1, 1}
	e.u32(uint32(len(body)))
	e.u32(9)
	e.u32(0)
	if replyTo > 0 {
		e.align(8)
		e = append(e, fieldReplySerial)
		e.signature("u")
		e.u32(replyTo)
	}
	e.field(7, "s", ":1.1")
	if sig != "" {
		e.field(fieldSignature, "g", sig)
	}
	if kind == kindError {
		e.field(fieldErrorName, "s", string(body[4:len(body)-1]))
	}
	e.setU32(12, len(e)-headSize)
	e.align(8)
	return append(e, body...)
}

// failing is the answer that a call failed, with the error's name as its text.
func failing(serial uint32, name string) []byte { return answer(kindError, serial, "s", texts(name)) }

var someUnits = map[string]fakeUnit{
	"a.service":     {load: "loaded", active: "active", sub: "running", file: "enabled"},
	"old.service":   {load: "loaded", active: "failed", sub: "failed", file: "disabled", outdated: true},
	"off.service":   {load: "masked", active: "inactive", sub: "dead", file: "masked", outdated: true},
	"freed.service": {load: "masked", active: "inactive", sub: "dead", file: "enabled", outdated: true},
	"alias.service": {id: "a.service", load: "loaded", active: "active", sub: "running", file: "alias"},
	"x@1.service":   {load: "loaded", active: "activating", sub: "auto-restart", file: "static"},
	"gone.service":  {load: "not-found", active: "inactive", sub: "dead", outdated: true},
}

func TestQuery(t *testing.T) {
	m := (&fakeBus{units: someUnits}).manager(t)
	got, err := m.Query(t.Context(), &op.SvcQuery{Names: []string{
		"x@1.service", "alias.service", "a.service", "off.service", "none.service", "old.service", "gone.service", "a.service", "freed.service",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := &op.SvcQueryResult{Manager: "systemd", Units: []op.Service{
		{Name: "x@1.service", Load: "loaded", Active: "activating", Sub: "auto-restart", File: "static"},
		{Name: "alias.service", ID: "a.service", Load: "loaded", Active: "active", Sub: "running", File: "enabled"},
		{Name: "a.service", Load: "loaded", Active: "active", Sub: "running", File: "enabled"},
		{Name: "off.service", Load: "masked", Active: "inactive", Sub: "dead", File: "masked"},
		{Name: "none.service", Load: "not-found", Active: "inactive", Sub: "dead"},
		{Name: "old.service", Load: "loaded", Active: "failed", Sub: "failed", File: "disabled", Outdated: true},
		{Name: "gone.service", Load: "not-found", Active: "inactive", Sub: "dead"},
		{Name: "a.service", Load: "loaded", Active: "active", Sub: "running", File: "enabled"},
		{Name: "freed.service", Load: "masked", Active: "inactive", Sub: "dead", File: "enabled", Outdated: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}
}

// TestRemembered holds that what systemd remembers of files is taken while no
// directory of units has changed since, and else only what a search finds.
func TestRemembered(t *testing.T) {
	f := &fakeBus{read: time.Now().Add(time.Minute), units: map[string]fakeUnit{
		"a.service": {load: "loaded", active: "active", sub: "running", file: "enabled", remembered: "disabled"},
		"b.service": {load: "loaded", active: "active", sub: "running", file: "enabled", remembered: "static", outdated: true},
	}}
	m := f.manager(t)
	links := m.host.Root + "etc/systemd/system/x.target.wants"
	if err := os.MkdirAll(links, 0o700); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name      string
		directory string
		after     time.Duration // the load that it was changed
		want      string
	}{
		{"directory is older", "etc/systemd/system", -time.Second, "disabled enabled"},
		{"links are newer", "etc/systemd/system/x.target.wants", time.Second, "enabled enabled"},
		{"links are older", "etc/systemd/system/x.target.wants", -time.Second, "disabled enabled"},
		{"directory is newer", "etc/systemd/system", time.Millisecond, "enabled enabled"},
	}
	if err := os.Chtimes(links, time.Time{}, f.read.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if err := os.Chtimes(m.host.Root+s.directory, time.Time{}, f.read.Add(s.after)); err != nil {
			t.Fatal(err)
		}
		got, err := m.Query(t.Context(), &op.SvcQuery{Names: []string{"a.service", "b.service"}})
		if err != nil {
			t.Fatal(err)
		}
		if states := got.Units[0].File + " " + got.Units[1].File; states != s.want {
			t.Errorf("%s: the files are %q, want %q", s.name, states, s.want)
		}
	}
}

// TestQueryMany asks for more units than the bus takes calls at once.
func TestQueryMany(t *testing.T) {
	pending := 0
	f := &fakeBus{units: someUnits}
	f.spoil = func(c net.Conn, serial uint32, _ string) bool {
		if pending = int(serial); pending > 128 {
			_, _ = c.Write(failing(serial, "org.freedesktop.DBus.Error.LimitsExceeded"))
			return true
		}
		return false
	}
	names := make([]string, 2*perTrip+1)
	for i := range names {
		names[i] = "a.service"
	}
	got, err := f.manager(t).Query(t.Context(), &op.SvcQuery{Names: names})
	if err != nil || len(got.Units) != len(names) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// TestBadBus holds that no bus can do more than make systemctl be asked instead.
func TestBadBus(t *testing.T) {
	says := func(data []byte) func(net.Conn, uint32, string) bool {
		return func(c net.Conn, _ uint32, _ string) bool {
			_, _ = c.Write(data)
			return true
		}
	}
	instead := func(member string, make func(serial uint32) []byte) func(net.Conn, uint32, string) bool {
		return func(c net.Conn, serial uint32, m string) bool {
			if m == member {
				_, _ = c.Write(make(serial))
			}
			return m == member
		}
	}
	unit := func(u fakeUnit) func(uint32) []byte {
		return func(serial uint32) []byte {
			f := fakeBus{units: map[string]fakeUnit{"a.service": u}}
			return answer(kindReturn, serial, "a(ssssssouso)", f.list([]string{"a.service"}))
		}
	}
	tests := []struct {
		name string
		bus  fakeBus
	}{
		{"rejects", fakeBus{greet: "REJECTED\r\n"}},
		{"greets without an end", fakeBus{greet: strings.Repeat("x", 4096)}},
		{"no D-Bus", fakeBus{spoil: says([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))}},
		{"too long", fakeBus{spoil: says([]byte("l\x02\x01\x01\xff\xff\xff\x7f\x01\x00\x00\x00\x00\x00\x00\x00"))}},
		{"too many fields", fakeBus{spoil: says([]byte("l\x02\x01\x01\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\x7f"))}},
		{"answer to nothing", fakeBus{spoil: says(answer(kindReturn, 99, "", nil))}},
		{"two answers", fakeBus{spoil: instead("Hello", func(s uint32) []byte {
			return append(answer(kindReturn, s, "", nil), answer(kindReturn, s, "", nil)...)
		})}},
		{"no hello", fakeBus{spoil: instead("Hello", func(s uint32) []byte { return failing(s, "org.x") })}},
		{"closes", fakeBus{spoil: func(c net.Conn, _ uint32, _ string) bool { c.Close(); return true }}},
		{"unknown method", fakeBus{spoil: instead("ListUnitsByNames", func(s uint32) []byte { return failing(s, "org.freedesktop.DBus.Error.UnknownMethod") })}},
		{"another type", fakeBus{spoil: instead("ListUnitsByNames", func(s uint32) []byte { return answer(kindReturn, s, "s", texts("x")) })}},
		{"cut list", fakeBus{spoil: instead("ListUnitsByNames", func(s uint32) []byte {
			return answer(kindReturn, s, "a(ssssssouso)", []byte{8, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0})
		})}},
		{"too few units", fakeBus{spoil: instead("ListUnitsByNames", func(s uint32) []byte {
			return answer(kindReturn, s, "a(ssssssouso)", (&fakeBus{}).list(nil))
		})}},
		{"odd state", fakeBus{spoil: instead("ListUnitsByNames", unit(fakeUnit{load: "loaded\n", active: "active", sub: "x"}))}},
		{"long state", fakeBus{spoil: instead("ListUnitsByNames", unit(fakeUnit{load: strings.Repeat("l", 65), active: "active", sub: "x"}))}},
		{"odd name", fakeBus{spoil: instead("ListUnitsByNames", unit(fakeUnit{id: "\x1b[0m", load: "loaded", active: "active", sub: "x"}))}},
		{"odd file state", fakeBus{spoil: instead("GetUnitFileState", func(s uint32) []byte { return answer(kindReturn, s, "s", texts("Enabled")) })}},
		{"denied", fakeBus{spoil: instead("GetUnitFileState", func(s uint32) []byte { return failing(s, "org.freedesktop.DBus.Error.AccessDenied") })}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.bus.units = someUnits
			m := tt.bus.manager(t)
			if units, err := m.ask(t.Context(), []string{"a.service"}); err == nil {
				t.Errorf("got %+v", units)
			}
			m.host.Run = func(context.Context, []string, []string) (*op.ExecResult, error) {
				return &op.ExecResult{Stdout: "Id=a.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=static\nNeedDaemonReload=yes\n"}, nil
			}
			got, err := m.Query(t.Context(), &op.SvcQuery{Names: []string{"a.service"}})
			want := []op.Service{{Name: "a.service", Load: "loaded", Active: "active", Sub: "running", File: "static", Outdated: true}}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Units); diff != "" {
				t.Errorf("systemctl was not asked (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSilentBus gives up with the context, and does not wait for a program then.
func TestSilentBus(t *testing.T) {
	m := (&fakeBus{spoil: func(net.Conn, uint32, string) bool { return true }}).manager(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	given := errors.New("given up")
	time.AfterFunc(50*time.Millisecond, func() { cancel(given) })
	if _, err := m.Query(ctx, &op.SvcQuery{Names: []string{"a.service"}}); !errors.Is(err, given) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestUnits(t *testing.T) {
	list := (&fakeBus{units: someUnits}).list([]string{"a.service", "off.service", "b.socket"})
	f := &fakeBus{spoil: func(c net.Conn, serial uint32, member string) bool {
		if member == "ListUnits" {
			_, _ = c.Write(answer(kindReturn, serial, "a(ssssssouso)", list))
		}
		return member == "ListUnits"
	}}
	want := &op.SvcUnits{Manager: "systemd", Units: map[string]op.SvcUnit{
		"a.service":   {Active: "active", Sub: "running", Load: "loaded"},
		"off.service": {Active: "inactive", Sub: "dead", Load: "masked"},
	}}
	if diff := cmp.Diff(want, f.manager(t).Units(t.Context())); diff != "" {
		t.Errorf("the services differ (-want +got):\n%s", diff)
	}
	none := &op.SvcUnits{Units: map[string]op.SvcUnit{}}
	if diff := cmp.Diff(none, (&fakeBus{greet: "NO\r\n"}).manager(t).Units(t.Context())); diff != "" {
		t.Errorf("without a bus (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(none, New(Host{Root: t.TempDir() + "/"}).Units(t.Context())); diff != "" {
		t.Errorf("without systemd (-want +got):\n%s", diff)
	}
}

func TestUnitPath(t *testing.T) {
	const want = "/org/freedesktop/systemd1/unit/_31a_40b_2dc_2eservice"
	if got := unitPath("1a@b-c.service"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzMessage feeds the parser what no bus should say.
func FuzzMessage(f *testing.F) {
	bus := fakeBus{units: someUnits}
	f.Add(answer(kindReturn, 1, "a(ssssssouso)", bus.list([]string{"a.service", "off.service"})))
	f.Add(answer(kindReturn, 1, "s", texts("enabled")))
	f.Add(answer(kindReturn, 1, "v", []byte{1, 'b', 0, 0, 1, 0, 0, 0}))
	f.Add(failing(1, "org.x"))
	f.Add([]byte("B\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x08\x05\x01u\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < headSize {
			return
		}
		n, err := size(data)
		if err != nil || n > len(data) {
			return
		}
		m, err := parse(data[:n])
		if err != nil {
			return
		}
		_ = isTrue(m)
		if s := textOf(m); s != "" && !isWord(s) {
			t.Errorf("text %q", s)
		}
		_, _ = timeOf(m)
		if s, _ := fileState(m); s != "" && !isWord(s) {
			t.Errorf("file state %q", s)
		}
		units, err := listed(m)
		if err != nil && units != nil {
			t.Errorf("%d units beside the error %v", len(units), err)
		}
		for _, u := range units {
			if !isUnit(u.id) || !isWord(u.Load) || !isWord(u.Active) || !isWord(u.Sub) {
				t.Errorf("unit %+v", u)
			}
		}
	})
}
