package kept

import (
	"encoding/base64"
	"maps"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/fspath"
)

// maxAttr is the kernel's limit for one extended attribute, and for the list of names.
const maxAttr = 64 << 10

// attributes are a file's extended attributes: access lists, labels and what else there is. Signatures of the content are
// left to who makes them.
func attributes(n *fspath.Node) map[string]string {
	buf := make([]byte, maxAttr)
	size, err := syscall.Listxattr(n.Proc(), buf)
	if err != nil || size <= 0 {
		return nil
	}
	all := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimRight(string(buf[:size]), "\x00"), "\x00") {
		if name == "security.ima" || name == "security.evm" || strings.HasPrefix(name, "trusted.overlay.") {
			continue
		}
		value := make([]byte, maxAttr)
		if size, err := syscall.Getxattr(n.Proc(), name, value); err == nil {
			all[name] = base64.StdEncoding.EncodeToString(value[:size])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// setAttributes gives a file extended attributes, and takes others away.
func setAttributes(n *fspath.Node, want map[string]string) error {
	has := attributes(n)
	if maps.Equal(has, want) {
		return nil
	}
	for name := range has {
		if _, keep := want[name]; !keep {
			if err := syscall.Removexattr(n.Proc(), name); err != nil {
				return err
			}
		}
	}
	for name, text := range want {
		if has[name] == text {
			continue
		}
		value, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			err = syscall.Setxattr(n.Proc(), name, value, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
