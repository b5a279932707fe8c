package archive_test

import (
	stdtar "archive/tar"
	stdzip "archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/archive"
)

var limits = archive.Limits{Members: 1000, Bytes: 1 << 20, Packed: 1 << 20}

// tarOf makes a tar of headers, of which files hold their own names, or Xattrs-free text in PAXRecords' place.
func tarOf(t *testing.T, format stdtar.Format, headers ...stdtar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := stdtar.NewWriter(&b)
	for _, h := range headers {
		h.Format = format
		if h.Typeflag == 0 {
			h.Typeflag = stdtar.TypeReg
		}
		if h.Typeflag == stdtar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == stdtar.TypeReg {
			if _, err := io.WriteString(w, h.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func never() error { return nil }

// listed reads a tar and lists its entries.
func listed(r archive.Reader, l archive.Limits, c archive.Choice) (string, error) {
	entries, err := archive.Contents(r, l, c, never)
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(string(e.Kind) + " " + e.Name)
		if e.Link != "" {
			b.WriteString(" -> " + e.Link)
		}
		b.WriteString("\n")
	}
	return b.String(), err
}

func TestTar(t *testing.T) {
	long := strings.Repeat("directory/", 30) + "file"
	headers := []stdtar.Header{
		{Name: "./", Typeflag: stdtar.TypeDir, Mode: 0o755},
		{Name: "./app/", Typeflag: stdtar.TypeDir, Mode: 0o700},
		{Name: "app/run", Mode: 0o755},
		{Name: "app/empty"},
		{Name: "app/link", Typeflag: stdtar.TypeSymlink, Linkname: "../app/./run"},
		{Name: "app/hard", Typeflag: stdtar.TypeLink, Linkname: "./app/run"},
		{Name: "deep/er/file"},
		{Name: "-rf"},
	}
	want := "directory app\nfile app/run\nfile app/empty\nlink app/link -> ../app/./run\nhard link app/hard -> app/run\n" +
		"directory deep\ndirectory deep/er\nfile deep/er/file\nfile -rf\n"
	for _, format := range []stdtar.Format{stdtar.FormatUSTAR, stdtar.FormatPAX, stdtar.FormatGNU} {
		got, err := listed(archive.NewTar(bytes.NewReader(tarOf(t, format, headers...))), limits, archive.Choice{})
		if err != nil || got != want {
			t.Errorf("%s: %v, %s", format, err, got)
		}
	}
	for _, format := range []stdtar.Format{stdtar.FormatPAX, stdtar.FormatGNU} {
		got, err := listed(archive.NewTar(bytes.NewReader(tarOf(t, format, stdtar.Header{Name: long}))), limits, archive.Choice{})
		if err != nil || !strings.HasSuffix(got, "file "+long+"\n") {
			t.Errorf("%s: %v, %s", format, err, got)
		}
	}
	got, err := listed(archive.NewTar(bytes.NewReader(tarOf(t, stdtar.FormatPAX, headers...))), limits, archive.Choice{Strip: 1, Exclude: []string{"app/em*", "app/link", "deep/er"}})
	if err != nil || got != "file run\nhard link hard -> run\n" {
		t.Errorf("stripped: %v, %s", err, got)
	}
	_, err = listed(archive.NewTar(bytes.NewReader(tarOf(t, stdtar.FormatPAX, headers...))), limits, archive.Choice{Strip: 1})
	if err == nil || !strings.Contains(err.Error(), "leads out") { // as it is without its directory
		t.Errorf("stripped, with a link: %v", err)
	}
}

func TestChoice(t *testing.T) {
	data := tarOf(t, stdtar.FormatPAX, stdtar.Header{Name: "v1/a"}, stdtar.Header{Name: "v1/doc/b"}, stdtar.Header{Name: "v1/src/c.o"}, stdtar.Header{Name: "top"})
	got, err := listed(archive.NewTar(bytes.NewReader(data)), limits, archive.Choice{Strip: 1, Exclude: []string{"v1/doc", "v1/*/*.o"}})
	if err != nil || got != "file a\n" {
		t.Errorf("%v, %s", err, got)
	}
}

// TestHostile refuses what must not become a file, wherever it is in the archive.
func TestHostile(t *testing.T) {
	link := func(name, target string) stdtar.Header {
		return stdtar.Header{Name: name, Typeflag: stdtar.TypeSymlink, Linkname: target}
	}
	hard := func(name, target string) stdtar.Header {
		return stdtar.Header{Name: name, Typeflag: stdtar.TypeLink, Linkname: target}
	}
	for _, tt := range []struct {
		name string
		of   []stdtar.Header
		want string
	}{
		{"up", []stdtar.Header{{Name: "../x"}}, `"../x" leads out of the directory by ..`},
		{"up later", []stdtar.Header{{Name: "a/../../x"}}, "leads out of the directory by .."},
		{"absolute", []stdtar.Header{{Name: "/etc/passwd"}}, "has an absolute path"},
		{"newline", []stdtar.Header{{Name: "a\nb"}}, "control character"},
		{"not UTF-8", []stdtar.Header{{Name: "a\xff"}}, "not UTF-8"},
		{"long", []stdtar.Header{{Name: strings.Repeat("x", 256)}}, "more than 255 bytes"},
		{"deep", []stdtar.Header{{Name: strings.Repeat("x/", 1501) + "x"}}, "more than 3000 bytes"},
		{"link up", []stdtar.Header{link("a", "../x")}, "is a link that leads out"},
		{"link up from below", []stdtar.Header{link("a/b", "../../x")}, "is a link that leads out"},
		{"absolute link", []stdtar.Header{link("a", "/etc")}, "is a link that leads out"},
		{"link up behind another", []stdtar.Header{link("p/q/r", "../.."), link("z", "p/q/r/../etc")}, "is a link that leads out"},
		{"through a link", []stdtar.Header{link("a", "b"), {Name: "a/x"}}, `is below the link "a"`},
		{"through a link that comes later", []stdtar.Header{{Name: "a/x"}, link("a", "b")}, "is there twice"},
		{"a link for a file", []stdtar.Header{{Name: "a"}, link("a", "b")}, "is there twice"},
		{"a file for a link", []stdtar.Header{link("a", "b"), {Name: "a"}}, "is there twice"},
		{"below a file", []stdtar.Header{{Name: "a"}, {Name: "a/b"}}, `is below the file "a"`},
		{"hard link out", []stdtar.Header{hard("a", "/etc/shadow")}, "is a hard link that leads out"},
		{"hard link up", []stdtar.Header{hard("a", "../x")}, "is a hard link that leads out"},
		{"hard link to what is there", []stdtar.Header{hard("a", "b")}, "no file before it"},
		{"hard link to a link", []stdtar.Header{link("b", "c"), hard("a", "b")}, "no file before it"},
		{"device", []stdtar.Header{{Name: "sda", Typeflag: stdtar.TypeBlock}}, "is a device"},
		{"terminal", []stdtar.Header{{Name: "tty", Typeflag: stdtar.TypeChar}}, "is a device"},
		{"pipe", []stdtar.Header{{Name: "p", Typeflag: stdtar.TypeFifo}}, "is a named pipe"},
		{"setuid", []stdtar.Header{{Name: "su", Mode: 0o4755}}, "is setuid"},
		{"setgid", []stdtar.Header{{Name: "d/", Typeflag: stdtar.TypeDir, Mode: 0o2755}}, "is setgid"},
		{"record", []stdtar.Header{{Name: ".record"}}, "name of the record"},
		{"below the record", []stdtar.Header{{Name: ".record/x"}}, "name of the record"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			harmless := stdtar.Header{Name: "first"}
			data := tarOf(t, stdtar.FormatPAX, append([]stdtar.Header{harmless}, tt.of...)...)
			_, err := listed(archive.NewTar(bytes.NewReader(data)), limits, archive.Choice{Reserved: ".record"})
			if _, is := errors.AsType[*archive.Invalid](err); !is || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, expected %q", err, tt.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	data := tarOf(t, stdtar.FormatPAX, stdtar.Header{Name: "a"}, stdtar.Header{Name: "bb"}, stdtar.Header{Name: "h", Typeflag: stdtar.TypeLink, Linkname: "bb"})
	for _, tt := range []struct {
		limits archive.Limits
		want   string
	}{
		{archive.Limits{Members: 2, Bytes: 100}, "more than 2 members"},
		{archive.Limits{Members: 3, Bytes: 2}, "more than 2 bytes"},
		{archive.Limits{Members: 3, Bytes: 4}, "more than 4 bytes"}, // a hard link is a file of its own
		{archive.Limits{Members: 3, Bytes: 5}, ""},
	} {
		_, err := listed(archive.NewTar(bytes.NewReader(data)), tt.limits, archive.Choice{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v", tt.limits, err)
		}
	}
	huge := archive.Member{Name: "zeros", Kind: archive.File, Size: 300 << 20}
	for trusted, want := range map[bool]string{false: "250 times its own size", true: "ends in the middle"} {
		_, err := archive.Contents(&one{&huge}, archive.Limits{Members: 1, Bytes: 1 << 40, Packed: 1 << 20, Trusted: trusted}, archive.Choice{}, never)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("trusted %v: %v", trusted, err)
		}
	}
}

// one is a reader with a single member that says more than it holds.
type one struct{ m *archive.Member }

func (o *one) Next() (*archive.Member, io.Reader, error) {
	if o.m == nil {
		return nil, nil, io.EOF
	}
	m := o.m
	o.m = nil
	return m, strings.NewReader(""), nil
}

// TestDamaged reads archives that end anywhere, and with any byte changed: they are refused or read, and nothing else.
func TestDamaged(t *testing.T) {
	tar := tarOf(t, stdtar.FormatPAX, stdtar.Header{Name: "a/b", Uname: "näme"}, stdtar.Header{Name: "l", Typeflag: stdtar.TypeSymlink, Linkname: "a"})
	end := len(tar) - 2*512
	for n := range len(tar) {
		if _, err := listed(archive.NewTar(bytes.NewReader(tar[:n])), limits, archive.Choice{}); err == nil && n < end {
			t.Fatalf("a tar of which %d of %d bytes are there was read", n, len(tar))
		}
		changed := bytes.Clone(tar)
		changed[n] ^= 0xff
		_, _ = listed(archive.NewTar(bytes.NewReader(changed)), limits, archive.Choice{})
	}
	zip := zipOf(t, zipped{name: "a/b", text: "text"}, zipped{name: "c", text: "c", store: true})
	for n := range len(zip) {
		if _, err := unzip(zip[:n], archive.Choice{}); err == nil {
			t.Fatalf("a zip of which %d of %d bytes are there was read", n, len(zip))
		}
		changed := bytes.Clone(zip)
		changed[n] ^= 0xff
		_, _ = unzip(changed, archive.Choice{})
	}
}

func FuzzTar(f *testing.F) {
	var b bytes.Buffer
	w := stdtar.NewWriter(&b)
	_ = w.WriteHeader(&stdtar.Header{Name: strings.Repeat("a/", 80), Typeflag: stdtar.TypeDir, Mode: 0o755})
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := archive.Contents(archive.NewTar(bytes.NewReader(data)), limits, archive.Choice{}, never)
		for _, e := range entries {
			if err == nil && !archive.Clean(e.Name) {
				t.Errorf("the member %q", e.Name)
			}
		}
	})
}

// FuzzZip reads archives of zip; a member's name leads nowhere but below.
func FuzzZip(f *testing.F) {
	var b bytes.Buffer
	w := stdzip.NewWriter(&b)
	for _, name := range []string{"a", "d/", "../x"} {
		if _, err := w.Create(name); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := archive.NewZip(bytes.NewReader(data), int64(len(data)), inflate)
		if err != nil {
			return
		}
		entries, err := archive.Contents(r, limits, archive.Choice{}, never)
		for _, e := range entries {
			if err == nil && !archive.Clean(e.Name) {
				t.Errorf("the member %q", e.Name)
			}
		}
	})
}

type zipped struct {
	name, text string
	mode       fs.FileMode
	store      bool
}

func zipOf(t *testing.T, members ...zipped) []byte {
	t.Helper()
	var b bytes.Buffer
	w := stdzip.NewWriter(&b)
	for _, m := range members {
		h := &stdzip.FileHeader{Name: m.name, Method: stdzip.Deflate, Modified: time.Unix(0, 0)}
		if m.store {
			h.Method = stdzip.Store
		}
		if m.mode != 0 {
			h.SetMode(m.mode)
		}
		to, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(to, m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inflate(from io.Reader) (io.Reader, error) { return gzip.NewReader(from) }

func unzip(data []byte, c archive.Choice) (string, error) {
	r, err := archive.NewZip(bytes.NewReader(data), int64(len(data)), inflate)
	if err != nil {
		return "", err
	}
	return listed(r, limits, c)
}

func TestZip(t *testing.T) {
	got, err := unzip(zipOf(t, zipped{name: "d/"}, zipped{name: "d/a", text: strings.Repeat("x", 5000), mode: 0o755}, zipped{name: "s", text: "stored", store: true},
		zipped{name: "e"}, zipped{name: "d/l", text: "../s", mode: fs.ModeSymlink | 0o777}, zipped{name: "z", text: "z"}), archive.Choice{})
	if want := "directory d\nfile d/a\nfile s\nfile e\nlink d/l -> ../s\nfile z\n"; err != nil || got != want {
		t.Errorf("%v, %s", err, got)
	}
	if got, err := unzip(zipOf(t), archive.Choice{}); err != nil || got != "" {
		t.Errorf("without members: %v, %s", err, got)
	}
	for _, tt := range []struct {
		name string
		zip  []byte
		want string
	}{
		{"up", zipOf(t, zipped{name: "../x"}), "leads out"},
		{"absolute", zipOf(t, zipped{name: "/x"}), "absolute"},
		{"link out", zipOf(t, zipped{name: "l", text: "/etc", mode: fs.ModeSymlink | 0o777}), "leads out"},
		{"through a link", zipOf(t, zipped{name: "l", text: "x", mode: fs.ModeSymlink | 0o777}, zipped{name: "l/a"}), "is below the link"},
		{"device", zipOf(t, zipped{name: "d", mode: fs.ModeDevice | 0o600}), "is a device"},
		{"pipe", zipOf(t, zipped{name: "d", mode: fs.ModeNamedPipe | 0o600}), "named pipe"},
		{"setuid", zipOf(t, zipped{name: "d", mode: fs.ModeSetuid | 0o755}), "is setuid"},
		{"damaged", damage(zipOf(t, zipped{name: "a", text: "stored text", store: true}), "stored text"), "checksum"},
		{"damaged later", damage(zipOf(t, zipped{name: "a", text: "a"}, zipped{name: "b", text: "stored text", store: true}, zipped{name: "c", text: "c"}), "stored text"), "checksum"},
		{"the same bytes", overlapping(t), "is the same bytes as another member"},
	} {
		if got, err := unzip(tt.zip, archive.Choice{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %s", tt.name, err, got)
		}
	}
}

// damage changes a byte of a text.
func damage(zip []byte, text string) []byte {
	zip[bytes.Index(zip, []byte(text))] ^= 1
	return zip
}

// overlapping is a zip whose directory lists one member twice, under two names.
func overlapping(t *testing.T) []byte {
	t.Helper()
	zip := zipOf(t, zipped{name: "a", text: "aaaa", store: true}, zipped{name: "b", text: "aaaa", store: true})
	at := bytes.LastIndex(zip, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(zip[at+16:], crc32.ChecksumIEEE([]byte("aaaa")))
	binary.LittleEndian.PutUint32(zip[at+42:], 0)
	return zip
}

func TestDetect(t *testing.T) {
	tar := tarOf(t, stdtar.FormatUSTAR, stdtar.Header{Name: "a"})
	old := bytes.Clone(tar[:512])
	copy(old[257:265], make([]byte, 8))
	copy(old[148:156], "        ")
	sum := 0
	for _, c := range old {
		sum += int(c)
	}
	copy(old[148:156], []byte{'0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' ', ' '})
	for want, head := range map[string][]byte{
		"tar": tar[:512], "gzip": []byte("\x1f\x8b\x08"), "bzip2": []byte("BZh9"), "xz": []byte("\xfd7zXZ\x00"), "zstd": []byte("\x28\xb5\x2f\xfd"), "zip": zipOf(t)[:4],
	} {
		if f, err := archive.Detect(head); err != nil || f.Name != want {
			t.Errorf("%s: %+v, %v", want, f, err)
		}
	}
	if f, err := archive.Detect(old); err != nil || f.Name != "tar" {
		t.Errorf("an old tar: %+v, %v", f, err)
	}
	for _, head := range [][]byte{nil, []byte("#!/bin/sh\n"), make([]byte, 512), bytes.Repeat([]byte("x"), 512)} {
		if f, err := archive.Detect(head); err == nil {
			t.Errorf("%q is a %s", head[:min(len(head), 5)], f.Name)
		}
	}
}
