package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/signed"
	"github.com/openfroyo/froyo/runtime/console"
)

// version is set by the build: -ldflags "-X github.com/openfroyo/froyo/runtime/cli.version=v1.2.3".
var version = "dev"

type versionCommand struct {
	Verify bool   `help:"Verify the runners, guards and guests that are part of this froyo, and say by which key they are signed."`
	Key    string `placeholder:"FILE" complete:"files" help:"With --verify: the public key, in PEM, that has to be the one."`
}

// Help gives the command's example.
func (versionCommand) Help() string {
	return `What is sent to a host, and each guest before it is used, is verified anyway. A froyo that was replaced as a whole says
what it likes of itself: --key has the key come from elsewhere, and cosign verify-blob checks the files of a release.

Examples:
  froyo version
  froyo version --verify
  froyo version --verify --key froyo.pub`
}

// Run prints the version and what it was built for.
func (c versionCommand) Run(ctx context.Context, e *console.Console) error {
	if c.Key != "" && !c.Verify {
		return (&diag.Error{Code: diag.Usage, Summary: "--key says by which key to verify"}).WithHint("froyo version --verify --key %s", wording.Quote(c.Key))
	}
	text := fmt.Sprintf("froyo %s %s/%s %s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
	if c.Verify {
		verified, err := c.verify(ctx)
		if err != nil {
			return err
		}
		text += verified
	}
	_, err := fmt.Fprint(e.Stdout, text)
	return err
}

func (c versionCommand) verify(ctx context.Context) (string, error) {
	parts, err := runner.Signed()
	if err == nil {
		err = parts.All(runner.Files(), providers.Guests())
	}
	if err != nil {
		return "", err
	}
	hint, err := signed.KeyHint(parts.Key())
	if err != nil {
		return "", err
	}
	if c.Key != "" {
		text, err := input.File{Name: c.Key, What: "the key " + c.Key, Max: 1 << 16}.Read(ctx)
		if err != nil {
			return "", err
		}
		key, err := signed.PublicKey(text)
		if err != nil {
			return "", &diag.Error{Summary: c.Key + ": " + err.Error(), Cause: err}
		}
		if !key.Equal(parts.Key()) {
			return "", &diag.Error{Code: diag.Failed, Summary: "this froyo is signed by another key than that of " + c.Key + ": " + hint}
		}
	}
	count := map[string]int{}
	for _, name := range parts.Names() {
		kind, _, _ := strings.Cut(strings.TrimPrefix(name, "froyo-"), "-")
		if ext := filepath.Ext(name); ext == "" || ext == ".wasm" {
			count[cmp.Or(strings.TrimPrefix(ext, "."), kind)]++
		}
	}
	return fmt.Sprintf("verified: %s, %s and %s are as they were signed, by the key %s\n", wording.Plural(count["runner"], "runner"),
		wording.Plural(count["guard"], "guard"), wording.Plural(count["wasm"], "guest"), hint), nil
}
