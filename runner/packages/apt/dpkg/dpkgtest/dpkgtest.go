// Package dpkgtest makes files of dpkg for tests.
//
// It imports the standard library only.
package dpkgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Status is a status file of dpkg: packages of every kind.
const Status = `Package: dpkg
Essential: yes
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: nginx
Status: install ok installed
Architecture: amd64
Version: 1.22.1-9
Description: small, powerful, scalable web/proxy server
 Version: 9.9
 .
 Status: purge

Package: libc6
Status: hold ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-8

Package: libi386only
Status: install ok installed
Architecture: i386
Version: 1

Package: tzdata
Status: install ok triggers-pending
Architecture: all
Version: 2024a-0

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 3

Package: selected
Status: hold ok not-installed
Architecture: amd64

Package: unpacked
Status: install ok unpacked
Architecture: all
Version: 1.0

Package: again
Status: install reinstreq installed
Architecture: all
Version: 1.0

Package: -evil
Status: install ok installed
Version: 1

Package: evil
Status: install ok installed
Version: 1 && reboot

`

// NewRoot returns a host's root with a status file and the journal beside it.
func NewRoot(t testing.TB, status string, updates ...string) string {
	t.Helper()
	root := t.TempDir() + "/"
	Write(t, root+"var/lib/dpkg/status", status)
	for n, text := range updates {
		Write(t, root+"var/lib/dpkg/updates/000"+strconv.Itoa(n), text)
	}
	return root
}

// Write writes a file, and makes the directories that it needs.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
