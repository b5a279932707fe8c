package keys

import (
	"strings"
	"testing"
)

// FuzzKeyFile reads files of private keys; what is wrong with one is told without showing it.
func FuzzKeyFile(f *testing.F) {
	for _, text := range []string{
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n", "PuTTY-User-Key-File-2: ssh-rsa\n",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := parse(text, func() ([]byte, error) { return []byte("x"), nil })
		switch {
		case err == nil && key == nil:
			t.Error("neither a key nor an error")
		case err != nil && len(text) > 40 && strings.Contains(err.Error(), string(text)):
			t.Errorf("it shows the key: %v", err)
		}
	})
}
